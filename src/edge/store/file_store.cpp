// SPDX-License-Identifier: Apache-2.0
#include "edge/store/file_store.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "edge/store/safe_files.hpp"

namespace vmc::edge {

namespace {

struct Place {
    std::string_view folder;  // empty: the store itself
    std::string file;
};

/// Plain words between slashes: letters, digits, '-', '_', '@', ':', '+', '='. No dots, so no way up
/// and no clash with our drafts and locks.
Result<Place> place_of(std::string_view name) {
    const auto plain = [](unsigned char c) { return std::isalnum(c) || (c && std::strchr("-_@:+=/", c)); };
    const bool words = !name.empty() && name.size() <= 200 && std::all_of(name.begin(), name.end(), plain);
    if (!words || name.front() == '/' || name.back() == '/' || name.find("//") != std::string_view::npos)
        return failed(Code::bad_request, Stage::none, "no name for a record: " + std::string(name.substr(0, 200)));
    const std::size_t slash = name.rfind('/');
    Place place;
    if (slash != std::string_view::npos) place.folder = name.substr(0, slash);
    place.file = name.substr(slash == std::string_view::npos ? 0 : slash + 1);
    return place;
}

}  // namespace

Result<std::optional<std::string>> FileStore::read(std::string_view name) {
    const auto place = place_of(name);
    if (!place) return std::unexpected(place.error());
    const auto folder = open_directory(directory_, place->folder, false);
    if (!folder) return std::unexpected(folder.error());
    if (!*folder) return std::nullopt;
    return read_file(folder->get(), place->file);
}

Result<void> FileStore::write(std::string_view name, std::string_view content) {
    const auto place = place_of(name);
    if (!place) return std::unexpected(place.error());
    const auto folder = open_directory(directory_, place->folder, true);
    if (!folder) return std::unexpected(folder.error());
    return replace_file(folder->get(), place->file, content);
}

Result<void> FileStore::remove(std::string_view name) {
    const auto place = place_of(name);
    if (!place) return std::unexpected(place.error());
    const auto folder = open_directory(directory_, place->folder, false);
    if (!folder) return std::unexpected(folder.error());
    if (!*folder) return {};
    if (::unlinkat(folder->get(), place->file.c_str(), 0) != 0 && errno != ENOENT)
        return failed(Code::local, Stage::none, "state: " + place->file + ": " + std::strerror(errno));
    ::fsync(folder->get());
    return {};
}

Result<std::string> FileStore::update(std::string_view name,
                                      const std::function<std::string(std::optional<std::string>)>& change,
                                      Lasting lasting) {
    const auto place = place_of(name);
    if (!place) return std::unexpected(place.error());
    const auto folder = open_directory(directory_, place->folder, true);
    if (!folder) return std::unexpected(folder.error());
    const auto lock = lock_file(folder->get(), "." + place->file + ".lock");
    if (!lock) return std::unexpected(lock.error());
    auto before = read_file(folder->get(), place->file);
    if (!before) return std::unexpected(before.error());
    std::string after = change(std::move(*before));
    auto done = replace_file(folder->get(), place->file, after, lasting == Lasting::durable);
    if (!done) return std::unexpected(done.error());
    return after;
}

Result<void> FileStore::append(std::string_view name, std::string_view line) {
    const auto place = place_of(name);
    if (!place) return std::unexpected(place.error());
    const auto folder = open_directory(directory_, place->folder, true);
    if (!folder) return std::unexpected(folder.error());
    const auto lock = lock_file(folder->get(), "." + place->file + ".lock");
    if (!lock) return std::unexpected(lock.error());
    return append_line(folder->get(), place->file, line);
}

}  // namespace vmc::edge
