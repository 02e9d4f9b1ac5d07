# SPDX-License-Identifier: Apache-2.0
"""vm_connection.aio: the same verbs as coroutines."""

import asyncio
import os
import time

import pytest

from vm_connection import CommandTimeoutError, VMConnectionError, VMRebootDetectedError, aio


def test_the_same_verbs(host):
    async def story():
        lines = []
        async with aio.SSHConnection(**host.where()) as conn:
            assert conn.state == "online"
            assert await conn.execute("echo out; echo err >&2; exit 4", timeout=10, output_callback=lines.append) == 4
            assert (await conn.run(["printf", "%s", "a b"])).stdout == "a b"
            assert await conn.is_alive("thorough") is True
            assert await conn.record_boot_id() == host.boot_id
            assert await conn.check_reboot() is False
            assert await conn.reconnect(retries=0) is False
            assert await conn.reconnect(retries=3, delay=0.1) is True
            with pytest.raises(CommandTimeoutError):
                await conn.execute("sleep 30", timeout=0.2)
        with pytest.raises(VMConnectionError, match="^Not connected to VM$"):
            await conn.execute("true")
        assert sorted(lines) == ["STDERR: err", "out"]
        async with aio.VMConnection(**host.where()) as vm:
            assert (await vm.is_alive("medium"))["alive"] is True and (await vm.health()).ssh_available
            assert (await vm.boot()).boot_id == host.boot_id
            diagnosis = await vm.diagnose()
            assert diagnosis.health.alive and diagnosis.hypotheses[0].probability > 0.5 and diagnosis.since is None

    asyncio.run(story())


def test_many_commands_at_once_in_one_thread(host):
    async def story():
        async with aio.SSHConnection(**host.where()) as conn:
            begun = time.monotonic()
            codes = await asyncio.gather(*(conn.execute(f"sleep 0.5; exit {n}") for n in range(8)))
            assert codes == list(range(8)) and time.monotonic() - begun < 3

    asyncio.run(story())


def test_cancelling_the_task_ends_the_command_on_the_vm(host):
    async def story():
        async with aio.SSHConnection(**host.where()) as conn:
            begun = asyncio.Event()
            run = conn.run("echo begun; exec sleep 4741.1", output_callback=lambda line: begun.set())
            task = asyncio.create_task(run)
            await begun.wait()
            assert host.running("sleep 4741.1") == 1
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert host.running("sleep 4741.1") == 0
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.3):
                    await conn.run("exec sleep 4742.1")
            assert host.running("sleep 4742.1") == 0
            assert await conn.execute("true") == 0

    asyncio.run(story())


def test_an_exception_in_the_callback_propagates(host):
    def stop(line):
        raise LookupError(line)

    async def story():
        async with aio.SSHConnection(**host.where()) as conn:
            with pytest.raises(LookupError, match="begun"):
                await conn.execute("echo begun; exec sleep 4743.1", output_callback=stop)
            assert host.running("sleep 4743.1") == 0

    asyncio.run(story())


def test_the_loop_goes_on_while_commands_run(host):
    async def story():
        ticks = 0

        async def tick():
            nonlocal ticks
            while True:
                ticks += 1
                await asyncio.sleep(0.005)

        ticking = asyncio.create_task(tick())
        async with aio.SSHConnection(**host.where()) as conn:
            await conn.execute("sleep 1")
        ticking.cancel()
        assert ticks > 100

    asyncio.run(story())


def test_a_reboot_that_nobody_counted_is_told_as_that(own_host):
    async def story():
        async with aio.SSHConnection(**own_host.where()) as conn:
            before = await conn.boot()
            same = await conn.boot_since(before)
            await asyncio.to_thread(own_host.reboot)
            assert await conn.reconnect(retries=20, delay=0.2)
            return same, await conn.boot_since(before)

    same, told = asyncio.run(story())
    assert (same.change, same.evidence) == ("none", ())
    assert (told.change, told.boots, told.ended, told.new_life) == ("reboot-at-least-once", None, "unknown", True)
    assert told.returned_at is not None and abs(told.returned_at - time.time()) < 30
    assert str(told).startswith("rebooted: at least once; back ")
    assert [clue.source for clue in told.evidence if clue.tells == "change"] == ["boot-id"]


def test_a_reboot_is_noticed_and_told(own_host):
    async def story():
        told = []
        async with aio.SSHConnection(**own_host.where(), on_notice=lambda notice: told.append(notice.kind)) as conn:
            before = await conn.record_boot_id()
            await asyncio.to_thread(own_host.reboot)
            assert await conn.reconnect(retries=20, delay=0.5)
            with pytest.raises(VMRebootDetectedError) as caught:
                await conn.check_reboot()
            assert (caught.value.before, caught.value.after) == (before, own_host.boot_id)
        assert "online" in told

    asyncio.run(story())


def test_a_loop_abandoned_in_the_middle_leaves_no_warning(host):
    async def story():
        conn = aio.SSHConnection(**host.where())
        await conn.connect()
        asyncio.create_task(conn.run("exec sleep 4744.1"))
        await asyncio.sleep(0.3)
        # asyncio.run() cancels what is left.

    asyncio.run(story())
    assert host.running("sleep 4744.1") == 0


def test_one_loop_after_another_leaves_no_descriptor(host):
    async def story():
        async with aio.SSHConnection(**host.where()) as conn:
            await conn.execute("true")

    asyncio.run(story())
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(5):
        asyncio.run(story())
    assert len(os.listdir("/proc/self/fd")) <= before + 1


def test_another_vm_that_this_process_holds_clears_our_own_network(own_host, new_host):
    canary = new_host()

    def answer(diagnosis, check):
        return next((each.answer for each in diagnosis.health.evidence if each.check == check), None)

    async def story():
        async with aio.VMConnection(**own_host.where(), canary=(canary.address, canary.port)) as vm, \
                aio.VMConnection(**canary.where()):
            await vm.diagnose()
            own_host.do("fault", "drop")
            alone = await vm.diagnose()
            canary.do("fault", "drop")
            together = await vm.diagnose()
            assert [answer(alone, check) for check in ("canary", "other-vms")] == ["works", "works"]
            assert [answer(together, check) for check in ("canary", "other-vms")] == ["fails", "fails"]
            for host in (own_host, canary):
                host.do("heal")

    asyncio.run(story())
    with pytest.raises(ValueError, match="canary"):
        aio.VMConnection(**own_host.where(), canary=("", 22))
