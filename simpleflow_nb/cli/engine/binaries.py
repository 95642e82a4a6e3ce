"""``binaries.download``: programs that activities need, in advance."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import click

from ...exceptions import DefinitionError, ServiceError

_AT_ONCE = 5


@click.command("binaries.download")
@click.argument("locations", nargs=-1, required=True, metavar="NAME=s3://BUCKET/KEY...")
def binaries_download(locations: tuple[str, ...]) -> None:
    """Download programs that activities need, before there is a task for them, and print where they are."""
    from botocore.exceptions import BotoCoreError, ClientError

    from ...download import RemoteBinary

    binaries = []
    for text in locations:
        name, equals, location = text.partition("=")
        if not equals:
            raise DefinitionError(f"{text!r} names no binary; write NAME=s3://BUCKET/KEY")
        binaries.append(RemoteBinary(name, location))

    def download(binary: RemoteBinary) -> str:
        try:
            binary.download()
        except (BotoCoreError, ClientError) as error:
            raise ServiceError(f"{binary.remote_location} cannot be downloaded: {str(error).rstrip('.')}") from error
        return binary.local_location

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        for path in pool.map(download, binaries):
            click.echo(path)
