"""The only exceptions that mm raises, defined once, here; Rust raises these same classes.

Three questions decide the class: whose fault is it, did anything change, may it be repeated?

    MmError
    ├── ConfigError               before anything is sent: the settings are wrong
    ├── UsageError                you broke a rule; nothing changed
    │   ├── BadInput              an argument that cannot be read (.field, .reason)
    │   ├── DuplicateCloid        the cloid names another leg already (.cloid)
    │   ├── UnknownOrder          no order of that name (.cloid); also a LookupError
    │   ├── TransitionRefused     not in this phase (.cloid, .phase)
    │   └── Unrepresentable       off the tick or lot grid, or a float (.field, .reason)
    ├── VenueError                from exchange clients only
    │   ├── Refused               certainly not done (.reason)
    │   ├── NotSent               it never left: safe to repeat
    │   ├── OutcomeUnknown        it may have happened: ask before repeating
    │   └── Unreadable            a read's answer that is none (.field, .reason): nothing follows from it
    └── EngineFault               the book cannot be trusted: cancel all, stop

What the venue does is an event; what a programmer does wrong is an exception. A late fill, a duplicate
or a refused cancel never raises: they are effects, with names.

A `UsageError` is a `ValueError` too, for a caller who does not know mm's tree. It is raised before
anything was touched, so the call may be corrected and made again.
"""


class MmError(Exception):
    """Whatever mm raises on purpose. Never raised itself.

    `message` is a whole sentence that can stand alone in a log. The attributes say the same to a
    program; one that does not apply is the empty text.
    """

    field: str
    """The argument or setting at fault."""
    reason: str
    """Why, as a short word or phrase of a fixed catalogue (or the venue's own text, in `Refused`)."""
    cloid: str
    """The order concerned, as `0x` and 32 hexadecimal digits."""
    phase: str
    """The phase that the order was in."""

    def __init__(self, message: str, *, field: str = "", reason: str = "", cloid: str = "", phase: str = "") -> None:
        super().__init__(message)
        self.field = field
        self.reason = reason
        self.cloid = cloid
        self.phase = phase

    @property
    def message(self) -> str:
        """The sentence."""
        return str(self)

    def __repr__(self) -> str:
        told = (f"{name}={value!r}" for name, value in vars(self).items() if value)
        return f"{type(self).__name__}({', '.join([repr(self.message), *told])})"


class ConfigError(MmError):
    """The settings are wrong. Raised before anything is sent; correct `field` and start again."""


class UsageError(MmError, ValueError):
    """You broke a rule of the interface. Nothing changed; correct the call."""


class BadInput(UsageError):
    """An argument cannot be read as what it should be: `field` names it, `reason` says why."""


class DuplicateCloid(UsageError):
    """`cloid` names another leg already. A cloid is never used twice: make a fresh one."""


class UnknownOrder(UsageError, LookupError):
    """The engine was never told of such an order. Nothing is sent that it was not told first."""


class TransitionRefused(UsageError):
    """The order is in `phase`, where this may not be asked. Wait for what it waits for."""


class Unrepresentable(UsageError):
    """A number that is off the tick or lot grid, out of range, or a float. Nothing is rounded for you."""


class VenueError(MmError):
    """A request did not come to its plain end. Raised by exchange clients, never by the engine."""


class Refused(VenueError):
    """The venue said no, and certainly did nothing; `reason` is its word, or why it cannot have happened. May be asked
    again, changed.
    """


class NotSent(VenueError):
    """The request never left this machine. Safe to repeat as it is."""


class OutcomeUnknown(VenueError):
    """The request left and its answer did not come: it may have happened. Ask before repeating: `cloid` names the order,
    and the client's `known(error.cloid)` waits until its fate is known.
    """


class Unreadable(VenueError):
    """The answer to a question is not what was asked for: `field` says where, `reason` why. It is never an empty
    answer: nothing follows from it but that the question must be asked again.
    """


class EngineFault(MmError):
    """An invariant does not hold, so the book cannot be trusted. Cancel all orders and stop."""
