"""Two processes with four threads each, forked from a master that has loaded the application."""
bind = "0.0.0.0:8080"
workers = 2
threads = 4
preload_app = True
timeout = 30
keepalive = 5
accesslog = "-"
proc_name = "zoo"


def post_fork(server, worker):
    worker.log.info("worker of master %s", server.pid == worker.ppid)


def when_ready(server):
    server.log.info("ready with %d workers", server.num_workers)
