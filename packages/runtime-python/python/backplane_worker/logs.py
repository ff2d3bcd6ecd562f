"""What the plugin logs, with its level."""
import sys

_levels = ((40, "error"), (30, "warn"), (20, "info"), (0, "debug"))


def level_of(number):
    for least, name in _levels:
        if number >= least:
            return name
    return "debug"


def message_of(record):
    """The message of a record of the `logging` module; one whose arguments do not fit it is told with them, not complained of."""
    try:
        return record.getMessage()
    except Exception:
        return "%s %r" % (record.msg, record.args)


class LoggingHook:
    """Sends records of the `logging` module to the host, from the moment that somebody imports it."""

    def __init__(self, log, own):
        self._log = log
        # Names of the plugin's own loggers, which log everything; others begin at INFO.
        self._own = own

    def watch(self):
        if "logging" in sys.modules:
            self._install(sys.modules["logging"])
        else:
            sys.meta_path.insert(0, self)

    def find_spec(self, name, path=None, target=None):
        if name != "logging":
            return None
        sys.meta_path.remove(self)
        from importlib.machinery import PathFinder

        spec = PathFinder.find_spec(name, path, target)
        if spec and spec.loader:
            spec.loader = _Wrapped(spec.loader, self._install)
        return spec

    def _install(self, logging):
        log = self._log

        class HostHandler(logging.Handler):
            def emit(self, record):
                try:
                    fields = {"logger": record.name}
                    # `exception` may be called where there is none.
                    if record.exc_info and record.exc_info[0] is not None:
                        fields["traceback"] = self.formatter.formatException(record.exc_info)
                    log(level_of(record.levelno), message_of(record), fields)
                except Exception:
                    self.handleError(record)

        handler = HostHandler()
        handler.setFormatter(logging.Formatter())
        root = logging.getLogger()
        root.addHandler(handler)
        root.setLevel(logging.INFO)
        for name in self._own:
            logging.getLogger(name).setLevel(logging.DEBUG)
        # device-connect-edge and asyncio tell at INFO what they do themselves.
        for name in ("device_connect", "device_connect_edge", "asyncio"):
            logging.getLogger(name).setLevel(logging.WARNING)
        # Its wrapper tells of each function that fails, and so does this worker, with the traceback.
        logging.getLogger("device_connect.drivers").addFilter(lambda record: record.msg != "%s -> FAILED: %s")
        logging.captureWarnings(True)


class _Wrapped:
    """A loader that calls back once its module has been run."""

    def __init__(self, loader, then):
        self._loader = loader
        self._then = then

    def __getattr__(self, name):
        return getattr(self._loader, name)

    def create_module(self, spec):
        return self._loader.create_module(spec)

    def exec_module(self, module):
        self._loader.exec_module(module)
        module.__loader__ = self._loader
        module.__spec__.loader = self._loader
        self._then(module)


def traceback_of(error, most=30):
    """The text of an error with where it happened, without this worker's own lines."""
    import traceback

    # This file's folder's folder: shims lie there too.
    own = __file__.rsplit("/", 2)[0]
    where = [line for line in traceback.extract_tb(error.__traceback__) if not line.filename.startswith(own)]
    lines = traceback.format_list(where[-most:]) + traceback.format_exception_only(type(error), error)
    return "".join(lines).rstrip("\n")
