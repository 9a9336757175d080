"""The archive as a whole, on S3: what lies in it, in the order of receipts, and its removal for good."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from domain.errors import Unavailable
from domain.event_log import Delivery, Disposition
from storage.aws_faults import translated

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import ObjectIdentifierTypeDef

logger = logging.getLogger(__name__)

_REMEDY = "check ARCHIVE_BUCKET and the function's policy in template.yaml"
_THREADS = 8
#: S3's limit of one DeleteObjects.
_DELETE = 1_000
#: HEAD has no body, so S3 says only the status.
_GONE = frozenset({"404", "NoSuchKey", "NotFound"})


class S3Shelf:
    """`Shelf` over the archive's bucket."""

    def __init__(self, client: S3Client, bucket: str) -> None:
        self._client = client
        self._bucket = bucket

    def keys(self, source: str, day: str, *, after: str = "") -> Iterator[str]:
        """The archive keys of one source and UTC day, from behind `after`; read page by page as they are asked for.

        Raises:
            ConfigurationError: no such bucket, or no permission.
            Unavailable: S3 cannot answer now.
        """
        prefix = f"{day}/{source}/"
        yield from self._listed(prefix, after or prefix)

    def below(self, prefix: str) -> Sequence[str]:
        """Every archive key that begins so.

        Raises:
            ConfigurationError: no such bucket, or no permission.
            Unavailable: S3 cannot answer now.
        """
        return list(self._listed(prefix, prefix))

    def _listed(self, prefix: str, after: str) -> Iterator[str]:
        pages = self._client.get_paginator("list_objects_v2").paginate(
            Bucket=self._bucket, Prefix=prefix, StartAfter=after
        )
        with translated(f"list bucket {self._bucket}", _REMEDY):
            for page in pages:
                yield from (found["Key"] for found in page.get("Contents", ()))

    def facts(self, keys: Sequence[str]) -> Sequence[Delivery]:
        """What ingest noted beside each; what is gone, or carries no such notes, is left out.

        Raises:
            ConfigurationError: no such bucket, or no permission.
            Unavailable: S3 cannot answer now.
        """
        if not keys:
            return []
        with ThreadPoolExecutor(min(_THREADS, len(keys))) as pool:
            found = list(pool.map(self._facts_of, keys))
        return [delivery for delivery in found if delivery is not None]

    def erase(self, keys: Sequence[str]) -> int:
        """Remove the objects with all their versions and delete markers.

        Returns:
            How many objects there were, not counting their versions.

        Raises:
            ConfigurationError: no such bucket, or no permission.
            Unavailable: S3 did not remove all of it; erasing again goes on where this stopped.
        """
        exact = list(dict.fromkeys(keys))
        if not exact:
            return 0
        with ThreadPoolExecutor(min(_THREADS, len(exact))) as pool:
            found = list(pool.map(self._versions, exact))
        doomed = [identifier for identifiers, _ in found for identifier in identifiers]
        for start in range(0, len(doomed), _DELETE):
            self._delete(doomed[start : start + _DELETE])
        return sum(had_bytes for _, had_bytes in found)

    def _facts_of(self, key: str) -> Delivery | None:
        with translated(f"read from bucket {self._bucket}", _REMEDY):
            try:
                facts = self._client.head_object(Bucket=self._bucket, Key=key)["Metadata"]
            except ClientError as error:
                if error.response.get("Error", {}).get("Code") in _GONE:
                    return None
                raise
        try:
            return _delivery(key, facts)
        except (KeyError, ValueError) as error:
            logger.warning(
                "archive object %s lacks the facts of a delivery (%s); it was not put there by ingest: look at it, "
                "and remove it if nobody needs it",
                key,
                type(error).__name__,
            )
            return None

    def _versions(self, key: str) -> tuple[list[ObjectIdentifierTypeDef], bool]:
        """Everything that stands under exactly this key, and whether any of it has bytes."""
        doomed: list[ObjectIdentifierTypeDef] = []
        had_bytes = False
        pages = self._client.get_paginator("list_object_versions").paginate(Bucket=self._bucket, Prefix=key)
        with translated(f"list versions in bucket {self._bucket}", _REMEDY):
            for page in pages:
                versions = [one for one in page.get("Versions", ()) if one["Key"] == key]
                markers = [one for one in page.get("DeleteMarkers", ()) if one["Key"] == key]
                doomed += [{"Key": key, "VersionId": one["VersionId"]} for one in (*versions, *markers)]
                had_bytes = had_bytes or bool(versions)
        return doomed, had_bytes

    def _delete(self, doomed: Sequence[ObjectIdentifierTypeDef]) -> None:
        with translated(f"erase from bucket {self._bucket}", _REMEDY):
            answer = self._client.delete_objects(Bucket=self._bucket, Delete={"Objects": doomed, "Quiet": True})
        if errors := answer.get("Errors"):
            codes = ", ".join(sorted({error.get("Code", "unknown") for error in errors}))
            raise Unavailable(
                f"{len(errors)} of {len(doomed)} versions were not erased from bucket {self._bucket} ({codes}); "
                "erase again; if it stays so, check the bucket's policy and object lock"
            )


def _delivery(key: str, facts: Mapping[str, str]) -> Delivery:
    received_at = datetime.fromisoformat(facts["received-at"])
    if received_at.tzinfo is None:
        raise ValueError("received-at has no zone")
    return Delivery(
        key=f"{facts['source']}#{facts['event-id']}",
        receipt=facts["receipt"],
        archive_key=key,
        received_at=received_at,
        source=facts["source"],
        event_type=facts["event-type"],
        disposition=Disposition(facts["disposition"]),
        mapping_version=int(facts["mapping-version"]),
        content_type=facts["content-type"],
    )
