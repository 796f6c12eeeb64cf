"""Something that is not to be seen: a passphrase, or a key on its way."""

from typing import NoReturn, Self

from mm.errors import ConfigError

SHOWN = "<secret>"


class Secret:
    """Holds bytes that no repr, str, format, pickle, copy or comparison gives away, and wipes them when it goes.

    What it was made from may live on in Python's memory: texts and bytes cannot be wiped, a `bytearray` is taken over
    and can. Use it as a context manager, so that it goes early. Frames that handle what `expose` gives must not keep
    it in a local of their own where something may raise: a traceback can be asked for the locals.
    """

    __slots__ = ("__held",)

    def __init__(self, value: str | bytes | bytearray) -> None:
        """Takes the value over; text becomes UTF-8. Raises `ConfigError` for text that is none, else `TypeError`."""
        self.__held = bytearray()
        if not isinstance(value, str | bytes | bytearray):
            raise TypeError("a secret is text or bytes")
        held = _utf8(value) if isinstance(value, str) else value
        value = ""  # no frame of a traceback has it
        if held is None:
            raise ConfigError("A secret is not valid text.", field="secret", reason="is not valid text")
        self.__held = held if isinstance(held, bytearray) else bytearray(held)

    def expose(self) -> bytearray:
        """The bytes themselves, not a copy, and empty once the secret is gone: hold it as long as these are used."""
        return self.__held

    def text(self) -> str:
        """The same as text, which cannot be wiped: for whoever takes nothing else."""
        return self.__held.decode()

    def stripped(self) -> Self:
        """The same without white space around it, as a person or an editor leaves it there. Empties this one."""
        made = type(self)(self.__held.strip())
        self.wipe()
        return made

    def is_empty(self) -> bool:
        """Whether there is nothing in it."""
        return not self.__held

    def wipe(self) -> None:
        """Overwrites what it holds, and holds nothing."""
        self.__held[:] = bytes(len(self.__held))
        self.__held.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.wipe()

    def __del__(self) -> None:
        self.wipe()

    def __repr__(self) -> str:
        return SHOWN

    def __format__(self, _: str) -> str:
        return SHOWN

    def __eq__(self, other: object) -> bool:
        return self is other

    def __hash__(self) -> int:
        return id(self)

    def __copy__(self) -> NoReturn:
        raise TypeError("a secret is not copied")

    def __deepcopy__(self, _: object) -> NoReturn:
        raise TypeError("a secret is not copied")

    def __reduce_ex__(self, _: object) -> NoReturn:
        raise TypeError("a secret is not pickled")

    def __getstate__(self) -> NoReturn:
        raise TypeError("a secret is not pickled")


def _utf8(text: str) -> bytearray | None:
    try:
        return bytearray(text.encode())
    except UnicodeEncodeError:
        return None  # the exception carries the text: it ends here
