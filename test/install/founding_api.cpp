// SPDX-License-Identifier: Apache-2.0
// What a user of the installed library writes. Needs no VM: nothing listens on port 1.
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>

#include <vm_connection/vm_connection.hpp>

#ifdef HAS_OWN_ASIO
int own_asio();
#endif

namespace {

int failures = 0;

void expect(bool condition, const char* promise) {
    if (condition) return;
    std::fprintf(stderr, "broken: %s\n", promise);
    ++failures;
}

template <class Exception, class F>
std::string thrown_by(F&& call) {
    try {
        call();
    } catch (const Exception& error) {
        return error.what();
    }
    return {};
}

}  // namespace

int main(int, char** argv) {
    // Nothing of a home directory is read or written: the state goes beside the program.
    const auto state = std::filesystem::absolute(argv[0]).string() + ".state";
    setenv("XDG_STATE_HOME", state.c_str(), 1);

    vmc::VMConnection vm("127.0.0.1", "root", argv[0], 1, 2.0);
    expect(thrown_by<vmc::VMConnectionError>([&] { vm.execute("true"); }) == "Not connected to VM",
           "a command before connect() says so");
    const auto refused = thrown_by<vmc::VMConnectionError>([&] { vm.connect(); });
    expect(!refused.empty(), "a closed port is a VMConnectionError, also across the library's border");
    std::printf("%s\n", refused.c_str());
    const auto health = vm.is_alive("basic");
    expect(health.level == vmc::Level::basic, "health answers without a connection");
    std::printf("%s, confidence %.2f\n", std::string(slug(health.verdict)).c_str(), health.confidence);

    vmc::Vm core(vmc::Target("127.0.0.1").user("root").port(1).key(argv[0]));
    expect(!core.connect().get().has_value(), "the asynchronous core returns its failures");
#ifdef HAS_OWN_ASIO
    expect(own_asio() == 7, "the user's own Asio works beside ours");
#endif
    std::filesystem::remove_all(state);
    return failures == 0 ? 0 : 1;
}
