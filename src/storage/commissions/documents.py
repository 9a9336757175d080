"""Rendered documents on S3, under keys that contain their hash."""

from __future__ import annotations

from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from storage.aws_faults import translated

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_REMEDY = "check DOCUMENTS_BUCKET and the function's policy in template.yaml"

#: What a browser may make of a key's ending; anything else is bytes.
_TYPES = {"pdf": "application/pdf", "json": "application/json"}


class S3DocumentShelf:
    """`DocumentShelf` in one bucket. Encryption, versions and access are the bucket's own, in template.yaml."""

    def __init__(self, client: S3Client, bucket: str) -> None:
        self._client = client
        self._bucket = bucket

    def put(self, key: str, body: bytes) -> None:
        """Store the bytes; storing the same again is harmless.

        Raises:
            ConfigurationError: no such bucket, or no permission.
            Unavailable: S3 cannot take it now.
        """
        kind = _TYPES.get(key.rpartition(".")[2], "application/octet-stream")
        with translated(f"store in bucket {self._bucket}", _REMEDY):
            self._client.put_object(Bucket=self._bucket, Key=key, Body=body, ContentType=kind)

    def get(self, key: str) -> bytes:
        """The bytes again.

        Raises:
            LookupError: there are none under that key.
            ConfigurationError: no such bucket, or no permission.
            Unavailable: S3 cannot answer now.
        """
        with translated(f"read from bucket {self._bucket}", _REMEDY):
            try:
                return self._client.get_object(Bucket=self._bucket, Key=key)["Body"].read()
            except ClientError as error:
                if error.response.get("Error", {}).get("Code") == "NoSuchKey":
                    message = f"there is no document under {key}; approve the CDA again to render it anew"
                    raise LookupError(message) from error
                raise
