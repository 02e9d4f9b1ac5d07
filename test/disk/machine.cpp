// SPDX-License-Identifier: Apache-2.0
#include "disk/machine.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <linux/loop.h>
#include <poll.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <random>
#include <sstream>

#include "disk/step.h"
#include "model/job_script.hpp"

namespace disk {

namespace {

constexpr auto longest = std::chrono::seconds(60);
/// A directory that every Linux has, and that nobody else sees what we put on: nothing of us can stay behind.
constexpr const char* own_place = "/mnt";
constexpr const char* tools[] = {"cat",   "date",   "dd",    "id",   "ls",   "mkdir", "mkfifo", "mv",  "rm",
                                 "rmdir", "setsid", "sleep", "stat", "sync", "tail",  "wc",     "step"};

void require(bool fine, const std::string& what) {
    if (!fine) FAIL(what, ": ", std::strerror(errno));
}

/// What a machine mounts is seen by its own processes only: a copy elsewhere would keep a disk from going.
void have_own_mounts() {
    require(unshare(CLONE_NEWNS) == 0, "a mount namespace (root is needed)");
    require(mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0, "private mounts");
}

std::string contents(const std::filesystem::path& path) {
    std::ifstream in(path, std::ios::binary);
    std::ostringstream text;
    text << in.rdbuf();
    return text.str();
}

/// Both take the same ioctl for a power cut: EXT4_IOC_SHUTDOWN is XFS_IOC_GOINGDOWN.
struct FileSystem {
    const char* name;
    const char* make;
    off_t size;
};

const FileSystem& chosen() {
    static const FileSystem known[] = {{"ext4", "mke2fs -q -F -t ext4 -b 4096 -m 0 -J size=4", 24 << 20},
                                       {"xfs", "mkfs.xfs -q -f --unsupported -l size=6m", 64 << 20}};
    const char* const wanted = std::getenv("VMC_DISK_FILE_SYSTEM");
    if (!wanted) return known[0];
    const auto* const found = std::ranges::find(known, std::string_view(wanted), &FileSystem::name);
    require(found != std::end(known), "VMC_DISK_FILE_SYSTEM is ext4 or xfs");
    return *found;
}

void write_file(const std::filesystem::path& path, const std::string& text) {
    std::ofstream(path, std::ios::binary) << text;
}

/// The first process of the VM, as `init` of step.c.
struct Birth {
    const char* program;
    const char* const* words;
    const char* const* environment;
    int in, out;
};

int be_born(void* of) noexcept {
    const auto& birth = *static_cast<const Birth*>(of);
    dup2(birth.in, 0);
    dup2(birth.out, 1);
    execve(birth.program, const_cast<char* const*>(birth.words), const_cast<char* const*>(birth.environment));
    _exit(127);
}

/// In our memory until it is a program of its own: under ASan a copy of it costs more than all that the VM does.
int begin(Birth& birth) {
    alignas(16) static char stack[16 << 10];
    const int pid =
        clone(be_born, stack + sizeof stack, CLONE_NEWPID | CLONE_NEWNS | CLONE_VM | CLONE_VFORK | SIGCHLD, &birth);
    require(pid > 0, "a process of its own");
    return pid;
}

}  // namespace

const char* file_system() { return chosen().name; }

Machine::Machine() {
    have_own_mounts();
    const auto step = contents(std::filesystem::read_symlink("/proc/self/exe").parent_path() / "disk_step");
    directory_ = own_place;
    require(mount("disk", own_place, "tmpfs", 0, "mode=0700") == 0, "a tmpfs on /mnt");
    mounted_ = directory_ / "mounted";
    std::filesystem::create_directory(mounted_);
    make_tools(step);
    make_disk();
    mount_disk();
    new_boot();
    const auto prepared = run(vmc::model::prepare_script((mounted_ / "state" / "jobs").string(), true, "0"));
    const auto place = vmc::model::JobPlace::parse(prepared.printed);
    REQUIRE_MESSAGE(place.has_value(), prepared.printed);
    REQUIRE(place->why_not_durable().empty());
    place_ = *place;
}

Machine::~Machine() {
    umount2(mounted_.c_str(), MNT_DETACH);
    if (loop_ >= 0) close(loop_);  // the last one: the kernel detaches it
    if (steps_) munmap(steps_, sizeof *steps_);
    umount2(directory_.c_str(), MNT_DETACH);
}

void Machine::make_tools(const std::string& step) {
    for (const char* folder : {"all-steps", "one-step", "init"}) std::filesystem::create_directory(directory_ / folder);
    const auto program = directory_ / "one-step" / "step";
    write_file(program, step);
    std::filesystem::permissions(program, std::filesystem::perms::owner_all);
    std::filesystem::create_symlink(program, init());
    for (const char* tool : tools) std::filesystem::create_symlink(program, directory_ / "all-steps" / tool);
    const auto shared = directory_ / "steps";
    write_file(shared, std::string(sizeof(disk_steps), '\0'));
    const int file = open(shared.c_str(), O_RDWR | O_CLOEXEC);
    void* const memory = mmap(nullptr, sizeof(disk_steps), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    close(file);
    require(memory != MAP_FAILED, "shared memory");
    steps_ = static_cast<disk_steps*>(memory);
}

void Machine::make_disk() {
    const auto image = directory_ / "image";
    const std::string make = chosen().make + (" '" + image.string() + "' >/dev/null 2>&1");
    write_file(image, "");
    require(truncate(image.c_str(), chosen().size) == 0 && std::system(make.c_str()) == 0, make);
    const int control = open("/dev/loop-control", O_RDWR | O_CLOEXEC);
    const int file = open(image.c_str(), O_RDWR | O_CLOEXEC);
    loop_config config{};
    config.fd = static_cast<__u32>(file);
    config.info.lo_flags = LO_FLAGS_AUTOCLEAR;
    // Another process may be faster to the number that is free.
    for (int tries = 0; loop_ < 0 && tries < 100; ++tries) {
        const int number = ioctl(control, LOOP_CTL_GET_FREE);
        require(number >= 0, "a loop device");
        device_ = "/dev/loop" + std::to_string(number);
        const int loop = open(device_.c_str(), O_RDWR | O_CLOEXEC);
        if (loop >= 0 && ioctl(loop, LOOP_CONFIGURE, &config) == 0) loop_ = loop;
        else if (loop >= 0) close(loop);
    }
    require(loop_ >= 0, "a loop device");
    close(file);
    close(control);
}

void Machine::mount_disk() {
    require(mount(device_.c_str(), mounted_.c_str(), chosen().name, 0, nullptr) == 0, "mounting the disk");
}

bool Machine::takes_a_file() const {
    const auto path = mounted_ / "works";
    const int file = open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    if (file < 0) return false;
    close(file);
    unlink(path.c_str());
    return true;
}

void Machine::new_boot() {
    static std::atomic<unsigned> boots{0};
    char text[40];
    std::snprintf(text, sizeof text, "%08x-0000-4000-8000-%012d\n", ++boots, getpid());
    boot_id_ = std::string(text, 36);
    write_file(directory_ / "boot", text);
}

void Machine::shut_down_disk() const {
    const int disk = open(mounted_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (disk < 0 && errno == EIO) return;  // an XFS that is off already
    const std::uint32_t flag = disk_shutdown_no_flush;
    require(disk >= 0 && ioctl(disk, disk_ioc_shutdown, &flag) == 0, "cutting the power of the disk");
    close(disk);
}

void Machine::reboot() {
    shut_down_disk();
    // The kernel lets go of a dead namespace's mounts a moment after its last process, and tells nobody; until
    // then a mount gives the file system that was cut off once more.
    const auto begun = std::chrono::steady_clock::now();
    do {
        require(umount2(mounted_.c_str(), 0) == 0, "taking the disk out");
        mount_disk();
        require(std::chrono::steady_clock::now() - begun < longest, "a disk that is off");
    } while (!takes_a_file());
    new_boot();
}

/// True: the power went.
bool Machine::wait_for(int pid, Cut cut) const {
    const int fd = static_cast<int>(syscall(SYS_pidfd_open, pid, 0));
    pollfd ended{fd, POLLIN, 0};
    const std::chrono::nanoseconds limit = cut.after ? std::chrono::nanoseconds(*cut.after) : longest;
    timespec span{limit.count() / 1'000'000'000, limit.count() % 1'000'000'000};
    const bool in_time = ppoll(&ended, 1, &span, nullptr) > 0;
    close(fd);
    if (!in_time) {
        if (cut.after) shut_down_disk();
        kill(pid, SIGKILL);
    }
    int status = 0;
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    if (!in_time && !cut.after) FAIL("the script was still running after a minute");
    if (in_time && status != 0 && !(WIFEXITED(status) && WEXITSTATUS(status) == disk_power_is_gone))
        FAIL("the first process of the VM ended as ", status);
    return !in_time || status != 0;
}

Ran Machine::run(const std::string& script, Cut cut) {
    write_file(directory_ / "script", script);
    const int in = open((directory_ / "script").c_str(), O_RDONLY | O_CLOEXEC);
    const int out = open((directory_ / "printed").c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    *steps_ = disk_steps{0, cut.before_step, 0, cut.spares_disk, cut.in_middle};
    const auto tools_of = directory_ / (cut.after ? "one-step" : "all-steps");
    const std::string path = "PATH=" + tools_of.string() + ":/usr/bin:/bin";
    const std::string disk = "VMC_DISK=" + mounted_.string(), steps = "VMC_STEPS=" + (directory_ / "steps").string();
    const char* const environment[] = {
        path.c_str(), disk.c_str(), steps.c_str(), "HOME=/root", "SSH_CONNECTION=::1 1 ::1 22", nullptr};
    const std::string program = init(), boot = directory_ / "boot";
    const char* const words[] = {"init", boot.c_str(), nullptr};
    Birth birth{program.c_str(), words, environment, in, out};
    const int pid = begin(birth);
    close(in);
    Ran ran;
    ran.cut = wait_for(pid, cut);
    close(out);
    ran.printed = contents(directory_ / "printed");
    ran.steps = steps_->taken;
    ran.completed = steps_->completed != 0;
    return ran;
}

std::vector<std::string> Machine::executions_of(const std::string& id) const {
    std::ifstream in(ledger());
    std::vector<std::string> all;
    for (std::string line; std::getline(in, line);)
        if (line.starts_with(id + " ")) all.push_back(line.substr(id.size() + 1));
    return all;
}

void Machine::write(const std::string& name, const std::string& text) const {
    write_file(std::filesystem::path(place_.root) / name, text);
}

void Machine::forget(const std::string& job) { std::filesystem::remove_all(std::filesystem::path(place_.root) / job); }

}  // namespace disk
