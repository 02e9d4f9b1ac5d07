// SPDX-License-Identifier: Apache-2.0
#include "link/doors.hpp"

#include <list>
#include <map>

#include "flow/event.hpp"

namespace vmc::link {

struct Doors::Street {
    struct Door {
        std::size_t inside = 0;
        std::list<flow::Event> queue;  ///< in the order of their coming
    };
    using Place = std::map<std::string, Door>::iterator;

    explicit Street(boost::asio::any_io_executor e) : executor(std::move(e)) {}

    /// Wakes whoever is first; forgets a door nobody is at.
    void look_after(Place door) {
        if (!door->second.queue.empty()) door->second.queue.front().notify();
        else if (door->second.inside == 0) doors.erase(door);
    }

    boost::asio::any_io_executor executor;
    std::map<std::string, Door> doors;
};

/// A place in the queue; leaving it, also by cancellation, lets the next one look.
class Doors::Queued {
public:
    Queued(std::shared_ptr<Street> street, const std::string& name)
        : street_(std::move(street)), door_(street_->doors.try_emplace(name).first),
          me_(door_->second.queue.emplace(door_->second.queue.end(), street_->executor)) {}
    Queued(const Queued&) = delete;
    Queued& operator=(const Queued&) = delete;
    ~Queued() {
        door_->second.queue.erase(me_);
        street_->look_after(door_);
    }

    [[nodiscard]] bool may_enter(std::size_t limit) const {
        return me_ == door_->second.queue.begin() && door_->second.inside < limit;
    }
    Async<void> called() { return me_->wait(); }
    void enter() { ++door_->second.inside; }

private:
    std::shared_ptr<Street> street_;
    Street::Place door_;
    std::list<flow::Event>::iterator me_;
};

Doors::Pass::~Pass() {
    if (!street_) return;
    const auto door = street_->doors.find(door_);
    --door->second.inside;
    street_->look_after(door);
}

Doors::Doors(boost::asio::any_io_executor executor) : street_(std::make_shared<Street>(std::move(executor))) {}

Async<Doors::Pass> Doors::enter(std::string door, std::size_t limit) {
    const auto street = street_;
    Queued queued(street, door);
    while (!queued.may_enter(limit)) co_await queued.called();
    queued.enter();
    co_return Pass(street, std::move(door));
}

std::size_t Doors::inside(const std::string& door) const {
    const auto found = street_->doors.find(door);
    return found == street_->doors.end() ? 0 : found->second.inside;
}

}  // namespace vmc::link
