// SPDX-License-Identifier: Apache-2.0
// One program for all readers: VMC_FUZZ_TARGET names the one. "--corpus DIR" writes what each is fed in earnest
// into a folder of its own, and tells their names.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "fuzz/target.hpp"

namespace {

const vmc::fuzz::Target* chosen = nullptr;

void write_corpus(const std::filesystem::path& into) {
    for (const auto& target : vmc::fuzz::targets()) {
        const auto folder = into / target.name;
        std::filesystem::create_directories(folder);
        for (std::size_t i = 0; i < target.corpus.size(); ++i)
            std::ofstream(folder / ("seed-" + std::to_string(i)), std::ios::binary) << target.corpus[i];
        std::printf("%s\n", std::string(target.name).c_str());
    }
}

}  // namespace

extern "C" int LLVMFuzzerInitialize(int* count, char*** words) {
    if (*count == 3 && std::string((*words)[1]) == "--corpus") {
        write_corpus((*words)[2]);
        std::exit(0);
    }
    const char* const name = std::getenv("VMC_FUZZ_TARGET");
    for (const auto& target : vmc::fuzz::targets())
        if (name && target.name == name) chosen = &target;
    if (chosen) return 0;
    std::fprintf(stderr, "fuzz: VMC_FUZZ_TARGET names no reader; --corpus DIR lists them\n");
    std::exit(64);
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    chosen->feed(std::string_view(reinterpret_cast<const char*>(data), size));
    return 0;
}
