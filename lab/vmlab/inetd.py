"""Listens on a port and runs a program per connection, as inetd does. Runs inside a host.

usage: inetd.py PORT PID_FILE PROGRAM [ARGUMENT...]
"""

import os
import signal
import socket
import sys


def main() -> None:
    port, pid_file, command = int(sys.argv[1]), sys.argv[2], sys.argv[3:]
    listener = socket.create_server(("::", port), family=socket.AF_INET6,
                                    dualstack_ipv6=True, backlog=128)
    if os.fork():
        os._exit(0)
    os.setsid()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the kernel reaps them
    with open(pid_file, "w", encoding="ascii") as file:
        file.write(f"{os.getpid()}\n")
    while True:
        connection, _ = listener.accept()
        if os.fork() == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            listener.close()
            os.dup2(connection.fileno(), 0)
            os.dup2(connection.fileno(), 1)
            os.execv(command[0], command)
        connection.close()


main()
