"""Files that a verb writes because somebody asked for them."""

from pathlib import Path

from lepton_infra.errors import BadInput, Fault


def write(path: Path, text: str, option: str) -> None:
    """Write a file whole or not at all.

    Raises:
        BadInput: it cannot be written; with the option that named it.
    """
    from lepton_infra.config.files import write_aside

    try:
        write_aside(path, text)
    except OSError as error:
        raise BadInput(
            Fault(option, f"is '{path}', which cannot be written ({error.strerror})", "a file in a directory of yours")
        ) from None
