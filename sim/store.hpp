// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <map>
#include <string>

#include "port/store.hpp"

namespace vmc::sim {

/// A state directory that outlives whoever writes into it; it can also be full or locked.
class MemoryStore final : public port::Store {
public:
    Result<std::optional<std::string>> read(std::string_view name) override {
        const auto found = records.find(name);
        if (found == records.end()) return std::optional<std::string>{};
        return std::optional<std::string>(found->second);
    }
    Result<void> write(std::string_view name, std::string_view content) override {
        if (!writable) return failed(Code::local, Stage::none, "No space left on device");
        records.insert_or_assign(std::string(name), std::string(content));
        return {};
    }
    Result<void> remove(std::string_view name) override {
        if (!writable) return failed(Code::local, Stage::none, "Read-only file system");
        if (const auto found = records.find(name); found != records.end()) records.erase(found);
        return {};
    }
    Result<std::string> update(std::string_view name,
                               const std::function<std::string(std::optional<std::string>)>& change,
                               Lasting = Lasting::passing) override {
        const auto before = read(name);
        std::string after = change(*before);
        if (auto written = write(name, after); !written) return std::unexpected(written.error());
        return after;
    }

    Result<void> append(std::string_view name, std::string_view line) override {
        const auto before = read(name);
        return write(name, before->value_or("") + std::string(line) + "\n");
    }

    std::map<std::string, std::string, std::less<>> records;
    bool writable = true;
};

}  // namespace vmc::sim
