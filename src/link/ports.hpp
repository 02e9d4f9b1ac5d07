// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/any_io_executor.hpp>

#include "link/company.hpp"
#include "link/doors.hpp"
#include "port/clock.hpp"
#include "port/random.hpp"
#include "port/store.hpp"
#include "port/transport.hpp"

namespace vmc::link {

/// The world as one link needs it, and what it shares with the other links of its loop. Everything
/// named here outlives the link and is used on the executor's one thread only.
class Ports {
public:
    Ports(boost::asio::any_io_executor ex, port::Clock& c, port::Random& r, port::Transport& t, port::Store& s,
          Doors& d, Company& company_of_links)
        : executor(std::move(ex)), clock(c), random(r), transport(t), store(s), doors(d), company(company_of_links) {}
    boost::asio::any_io_executor executor;
    port::Clock& clock;
    port::Random& random;
    port::Transport& transport;
    port::Store& store;
    Doors& doors;
    Company& company;
};

}  // namespace vmc::link
