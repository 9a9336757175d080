"""The archive on S3: the verified bytes as they came, under `day/source/receipt`, with their facts as metadata."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from storage.aws_faults import translated

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import PutObjectRequestTypeDef

_REMEDY = "check ARCHIVE_BUCKET and the function's policy in template.yaml"


class S3Archive:
    """`Archive` in one bucket. Encryption, lifecycle and access are the bucket's own, in template.yaml."""

    def __init__(self, client: S3Client, bucket: str) -> None:
        self._client = client
        self._bucket = bucket

    def put(self, key: str, body: bytes, facts: Mapping[str, str]) -> None:
        """Store the bytes with their facts.

        Raises:
            ConfigurationError: no such bucket, or no permission.
            Unavailable: S3 cannot take it now.
        """
        with translated(f"store in bucket {self._bucket}", _REMEDY):
            self._client.put_object(**put_request(self._bucket, key, body, facts))

    def get(self, key: str) -> bytes:
        """The bytes again.

        Raises:
            LookupError: no object under that key.
            ConfigurationError: no such bucket, or no permission.
            Unavailable: S3 cannot answer now.
        """
        with translated(f"read from bucket {self._bucket}", _REMEDY):
            try:
                return self._client.get_object(Bucket=self._bucket, Key=key)["Body"].read()
            except ClientError as error:
                if error.response.get("Error", {}).get("Code") == "NoSuchKey":
                    message = f"nothing in the archive under {key}; its lifecycle may have removed it"
                    raise LookupError(message) from error
                raise


def put_request(bucket: str, key: str, body: bytes, facts: Mapping[str, str]) -> PutObjectRequestTypeDef:
    """One object. The provider's content type is a fact, not the object's own: nobody may ever render the bytes."""
    return {
        "Bucket": bucket,
        "Key": key,
        "Body": body,
        "ContentType": "application/octet-stream",
        "Metadata": dict(facts),
    }
