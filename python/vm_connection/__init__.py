# SPDX-License-Identifier: Apache-2.0
"""Keeps hold of remote Linux VMs over SSH, and tells the truth about them.

    from vm_connection import SSHConnection, VMConnection

    conn = SSHConnection(host="192.168.1.100", user="ubuntu", key_path="~/.ssh/id_rsa")
    conn.connect()
    exit_code = conn.execute("uptime", timeout=30, output_callback=print)

The same verbs as coroutines are in vm_connection.aio, a VM to test your own code against in
vm_connection.testing. Waiting frees the GIL. Ctrl-C ends the command of execute() and run() on the VM,
and leaves a job (submit(), Job.wait()) alone. After os.fork()
connections belong to the parent; make new ones in the child (multiprocessing: better "spawn").
"""

from .blocking import Job, SSHConnection, VMConnection
from .console import ConsoleLine, ConsoleLines, ConsoleSource
from .errors import (
    AuthenticationError,
    CommandFailedError,
    CommandTimeoutError,
    ConnectionLostError,
    HostKeyError,
    JobFailedError,
    JobInterrupted,
    JobNotEndedError,
    VMConnectionError,
    VMRebootDetectedError,
)
from .power import PowerReading, PowerSwitch
from .recovery import Reboot, Recovery, RecoveryPolicy, RecoveryStep, RungOutlook
from .values import (
    BootClue,
    BootRecord,
    BootStory,
    Diagnosis,
    Evidence,
    Failure,
    Health,
    Hypothesis,
    JobOutput,
    JobStatus,
    Notice,
    Outcome,
)

__version__ = "0.1.0"

__all__ = [
    "AuthenticationError", "BootClue", "BootRecord", "BootStory", "CommandFailedError", "CommandTimeoutError",
    "ConnectionLostError", "ConsoleLine", "ConsoleLines", "ConsoleSource", "Diagnosis", "Evidence", "Failure",
    "Health", "HostKeyError", "Hypothesis", "Job", "JobFailedError", "JobInterrupted", "JobNotEndedError",
    "JobOutput", "JobStatus", "Notice", "Outcome", "PowerReading", "PowerSwitch", "Reboot", "Recovery",
    "RecoveryPolicy", "RecoveryStep", "RungOutlook", "SSHConnection", "VMConnection", "VMConnectionError",
    "VMRebootDetectedError",
]
