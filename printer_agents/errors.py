"""The agent's one tree of errors. Every message is a sentence for a person.

::

    AgentError
    ├── ConfigFault          the configuration or the key file is wrong
    ├── JournalFault         the journal cannot be used; nothing is started without it
    ├── ServerFault
    │   ├── Unreachable      no usable answer; try again later
    │   ├── Stale            a newer epoch exists: stop caring about that attempt
    │   ├── Refused          the server does not accept this agent (401, 403)
    │   └── Rejected         the server says no to this request
    ├── DownloadCorrupt      size or SHA-256 of the G-code is wrong
    └── DriverFault
        ├── PrinterOffline   the printer's host does not answer
        ├── PrinterBusy      it does something else
        ├── PrinterRefused   it says no, and nothing has happened
        ├── UploadCorrupt    what lies on the printer is not what was sent
        └── StartUnanswered  start was called and no answer came: it may or may not run
"""


class AgentError(Exception):
    """Base of all errors that are meant for a person."""


class ConfigFault(AgentError):
    """The configuration or the key file is wrong."""


class JournalFault(AgentError):
    """The journal cannot be used; nothing is started without it."""


class ServerFault(AgentError):
    """The server did not do what was asked."""

    def __init__(self, message: str, *, code: str = "", status: int = 0) -> None:
        super().__init__(message)
        self.code = code
        self.status = status


class Unreachable(ServerFault):
    """No usable answer; nothing is known about what the server did."""


class Stale(ServerFault):
    """The server has moved on to a newer epoch of that job."""


class Refused(ServerFault):
    """The server does not accept this agent: wrong key, unknown or revoked."""


class Rejected(ServerFault):
    """The server says no to this request."""


class DownloadCorrupt(AgentError):
    """The file that came is not the file that was promised."""


class DriverFault(AgentError):
    """The printer or its host did not do what was asked."""


class PrinterOffline(DriverFault):
    """The printer's host does not answer."""


class PrinterBusy(DriverFault):
    """The printer does something else, or already what was asked."""


class PrinterRefused(DriverFault):
    """The printer says no, and nothing has happened."""


class UploadCorrupt(DriverFault):
    """What lies on the printer is not what was sent."""


class StartUnanswered(DriverFault):
    """Start was called and no answer came: the print may or may not run."""
