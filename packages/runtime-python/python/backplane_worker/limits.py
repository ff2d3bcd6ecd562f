"""Limits that the operating system holds for this process and, being inherited, for what it starts."""


def apply(limits):
    """Sets what the manifest asks for: hard limits, so that the plugin cannot raise them again."""
    import resource

    def hold(kind, soft, hard=None):
        most = resource.getrlimit(kind)[1]
        hard = soft if hard is None else hard
        if most != resource.RLIM_INFINITY:
            soft, hard = min(soft, most), min(hard, most)
        resource.setrlimit(kind, (soft, hard))

    if "memory_mb" in limits:
        hold(resource.RLIMIT_AS, int(limits["memory_mb"]) << 20)
        import threading

        # Address space is what is limited, and each thread would reserve eight MiB of it.
        threading.stack_size(1 << 20)
    if "cpu_seconds" in limits:
        seconds = max(1, -(-int(min(limits["cpu_seconds"], 1 << 31) * 1000) // 1000))
        # The first ends it with a signal that says why, the second whatever it does about that signal.
        hold(resource.RLIMIT_CPU, seconds, seconds + 1)
    if "open_files" in limits:
        # The worker could not begin with less.
        hold(resource.RLIMIT_NOFILE, max(16, int(min(limits["open_files"], 1 << 31))))
    if "processes" in limits:
        # The system counts a user's threads, so those that run already and this worker's own are allowed on top.
        hold(resource.RLIMIT_NPROC, _tasks_of_user() + int(limits["processes"]) + 80)
    # A crash leaves no image of its memory, which may hold secrets.
    resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))


def _tasks_of_user():
    import os

    count, user = 0, os.getuid()
    try:
        for name in os.listdir("/proc"):
            if name.isdigit():
                try:
                    if os.stat("/proc/" + name).st_uid == user:
                        count += len(os.listdir("/proc/%s/task" % name))
                except OSError:
                    pass
    except OSError:
        pass
    return count
