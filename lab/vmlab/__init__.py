"""Real throwaway hosts for tests: namespace hosts and QEMU virtual machines.

A namespace host is a network, pid and mount namespace with a real sshd, its own
boot id, its own ext4 disk and a wire that can be cut. It boots in a fraction of a
second, so the fault matrix can afford hundreds of reboots. A virtual machine is
QEMU with Debian's cloud kernel, for the faults that only a real kernel has.

Everything is made inside namespaces of our own (`lab/enter`) or below build/lab;
nothing on the machine is installed, configured or left running.
"""
