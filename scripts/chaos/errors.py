"""Why a drill did not happen, in one line, with the exit code that a caller can act on."""


class DrillError(Exception):
    exit_code = 1


class UsageError(DrillError):
    exit_code = 2


class LoginError(DrillError):
    exit_code = 4


class UnreachableError(DrillError):
    exit_code = 5
