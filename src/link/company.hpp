// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <vector>

namespace vmc::link {

class Link;
class Wire;

/// The links of one loop, who know of each other: what befalls many of them at once is rarely theirs. Outlives them,
/// and is used on the loop's thread.
class Company {
public:
    Company() = default;
    Company(const Company&) = delete;
    void join(const Link& link) { links_.push_back(&link); }
    void leave(const Link& link) { std::erase(links_, &link); }
    [[nodiscard]] std::size_t size() const { return links_.size(); }

    /// Open sessions to other hosts than this link's, those first that were heard last; only where a connection of
    /// ours leads to them without a proxy command.
    [[nodiscard]] std::vector<std::shared_ptr<Wire>> others(const Link& than) const;

private:
    std::vector<const Link*> links_;
};

}  // namespace vmc::link
