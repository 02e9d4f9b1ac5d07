// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <thread>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <vm_connection/loop.hpp>

#include "link/ports.hpp"
#include "port/console.hpp"
#include "port/power_switch.hpp"
#include "port/prober.hpp"

namespace vmc {

namespace edge {
class SshTransport;
}

/// The real world and the thread that works in it. The members are built in this order and the
/// thread is joined before any of them goes. The Loop ends the thread; the rest stays for as long as a handle
/// of a user has timers in it.
class Loop::Impl : public std::enable_shared_from_this<Loop::Impl> {
public:
    explicit Impl(std::string state_directory);
    ~Impl();

    /// Ends the thread. By the Loop, once.
    void stop();
    [[nodiscard]] boost::asio::any_io_executor executor() { return context_.get_executor(); }
    [[nodiscard]] bool here() const { return std::this_thread::get_id() == thread_.get_id(); }
    /// Everything a link needs; valid as long as the loop.
    [[nodiscard]] link::Ports ports();
    [[nodiscard]] port::Prober& prober();
    [[nodiscard]] port::Store& store();
    [[nodiscard]] port::PowerSwitches& switches();
    [[nodiscard]] port::Consoles& consoles();
    [[nodiscard]] port::ConsoleLogs& console_logs();
    [[nodiscard]] edge::SshTransport& ssh();
    [[nodiscard]] const std::string& state_directory() const { return state_directory_; }

private:
    class World;  // the edges: clock, chance, transport, store, prober

    std::string state_directory_;
    boost::asio::io_context context_{1};
    boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
    std::unique_ptr<World> world_;
    std::thread thread_;
};

}  // namespace vmc
