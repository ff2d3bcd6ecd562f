"""Loggers of Fledge plugins. What they log goes to the log of the plugin's host, not to syslog."""

import logging
import os
import traceback

SYSLOG = 0
CONSOLE = 1
FLEDGE_LOGS_DESTINATION = "FLEDGE_LOGS_DESTINATION"
default_destination = SYSLOG


def set_default_destination(destination):
    """Remembers where modules log to by default; here it all goes to the host."""
    global default_destination
    default_destination = destination
    os.environ[FLEDGE_LOGS_DESTINATION] = str(destination)


def get_process_name():
    """Names the service that the plugin runs in."""
    return "Fledge"


def setup(logger_name=None, destination=None, level=None, propagate=False):
    """Gives the logger of this name. `destination` and `propagate` are checked and otherwise of no effect.

    Raises ValueError for a destination that is neither SYSLOG nor CONSOLE.
    """
    if destination not in (None, SYSLOG, CONSOLE):
        raise ValueError("Invalid destination {}".format(destination))
    logger = logging.getLogger(logger_name)
    if level is not None:
        logger.setLevel(level)
    # Records reach the host through the root logger's handler, so they must always pass on.
    logger.propagate = True
    if not getattr(logger, "_takes_exceptions", False):
        _let_error_take_exceptions(logger)
    return logger


def _let_error_take_exceptions(logger):
    """Since Fledge 2.1 `error` may be given an exception, with words about it as second argument."""
    plain_error = logger.error

    def error(msg, *args, **kwargs):
        if not isinstance(msg, Exception):
            plain_error(msg, *args, **kwargs)
            return
        trace = "".join(traceback.format_exception(type(msg), msg, msg.__traceback__)).rstrip()
        plain_error("%s", "{}\n{}".format(args[0], trace) if args else trace)

    logger.error = error
    logger._takes_exceptions = True


class FLCoreLogger:
    """Gives loggers, as Fledge's own singleton does."""

    _instance = None

    def __new__(cls):
        if cls._instance is None:
            cls._instance = super().__new__(cls)
        return cls._instance

    def get_logger(self, logger_name):
        """Gives the logger of this name."""
        return setup(logger_name)

    def set_level(self, level_name):
        """Sets the level of the root logger: `debug`, `info`, `warning`, `error` or `critical`."""
        logging.getLogger().setLevel(level_name.upper())
