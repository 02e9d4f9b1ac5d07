// SPDX-License-Identifier: Apache-2.0
// What servers say in the clear, what tools print, what lies in files that others write too.
#include <algorithm>

#include "edge/os/gateway.hpp"
#include "edge/ssh/preamble.hpp"
#include "fuzz/target.hpp"
#include "model/acquaintance.hpp"
#include "model/base64.hpp"
#include "model/boot_text.hpp"
#include "model/breaker.hpp"
#include "model/etiquette.hpp"
#include "model/known_hosts.hpp"
#include "model/likelihoods.hpp"
#include "model/span_text.hpp"
#include "model/ssh_config.hpp"
#include "model/ssh_options.hpp"
#include "model/target_text.hpp"

namespace vmc::fuzz {

using namespace std::chrono_literals;

namespace {

/// As the engine feeds it: what stands at the head, cut anywhere; what is used is taken away.
void preamble(std::string_view bytes) {
    edge::Preamble heard;
    std::string head;
    std::size_t used_in_all = 0;
    for (const char c : bytes) {
        head += c;
        std::size_t used = 0;
        const auto found = heard.look(head, used);
        must(used <= head.size(), "no more is used than there is");
        used_in_all += used;
        head.erase(0, used);
        must(heard.words().size() <= 200, "words are bounded");
        constexpr std::string_view start = "SSH-";  // what is too short to tell counts as well
        if (found == edge::Preamble::Found::identification)
            return must(start.starts_with(std::string_view(head).substr(0, start.size())), "it begins so");
        if (found == edge::Preamble::Found::endless) return;
        must(head.size() <= 8192, "no endless line is kept");
    }
    must(used_in_all <= 64 * 1024 + 8192, "an endless preamble is one");
}

void overheard(std::string_view bytes) {
    edge::Overheard whole, cut;
    whole.feed(bytes);
    for (std::size_t at = 0; at < bytes.size() && !cut.done(); ++at) cut.feed(bytes.substr(at, 1));
    must(whole.strict() == cut.strict(), "the cut does not matter");
}

void ssh_g(std::string_view bytes) {
    const auto read = model::parse_ssh_g(bytes);
    if (read) must(!read->hostname.empty() && read->port != 0, "a host and a port, or a failure");
}

void ssh_config(std::string_view bytes) {
    const auto scan = model::scan_config(bytes);
    must(scan.includes.size() <= bytes.size(), "no more files than bytes");
}

void known_hosts(std::string_view bytes) {
    model::KnownHosts known;
    known.add(bytes, "file");
    must(known.size() + known.skipped() <= bytes.size() + 1, "no more keys than bytes");
    for (const auto* host : {"web-1", "192.0.2.7", "*", "a"}) {
        const auto verdict = known.check(host, 22, "ssh-ed25519", "AAAA");
        must(verdict.kind != model::HostKeyVerdict::Kind::known || !verdict.because.key_base64.empty(),
             "known by a key");
        (void)known.known_types(host, 2222);
    }
}

/// What was read is written the same way, and read from that again.
template <class Record>
void again(std::string_view bytes) {
    const auto once = Record::parse(bytes).serialise();
    must(Record::parse(once).serialise() == once, "a record survives its own form");
}

void etiquette(std::string_view bytes) {
    again<model::Etiquette>(bytes);
    const WallTime noon{1800000000s};
    const auto until = model::Etiquette::parse(bytes).held_until(noon);
    if (until) must(*until > noon && *until <= noon + model::Etiquette::window, "held, but not for ever");
}

void breaker(std::string_view bytes) {
    again<model::Breaker>(bytes);
    const WallTime noon{1800000000s};
    const auto until = model::Breaker::parse(bytes).open_until(noon);
    if (until) must(*until > noon && *until <= noon + model::Breaker::hold, "held, but not for ever");
}

void boot_text(std::string_view bytes) {
    const auto record = model::parse_boot_text(bytes);
    if (!record) return;
    const auto text = model::boot_text(*record);
    const auto back = model::parse_boot_text(text);
    must(back && model::boot_text(*back) == text, "a record survives its own form");
}

void table(std::string_view bytes) {
    const auto read = model::Likelihoods::parse(bytes);
    if (!read) return must(!read.error().line().empty(), "a failure has words");
    must(model::Likelihoods::parse(read->serialise()).has_value(), "a table survives its own form");
}

void route(std::string_view bytes) {
    const auto half = bytes.find("--\n");
    const auto ipv6 = half == std::string_view::npos ? bytes : bytes.substr(half + 3);
    for (const auto* to : {"192.0.2.7", "2001:db8::7", "10.0.0.1", "no address"})
        (void)edge::own_route(bytes.substr(0, half), ipv6, to);
}

void words(std::string_view bytes) {
    if (const auto host = model::parse_host(bytes))
        must(!bytes.starts_with("-") && !bytes.empty(), "a host is no option");
    if (const auto span = model::parse_span(bytes)) must(*span >= Duration{0}, "a span is not negative");
    (void)model::parse_port(bytes);
    (void)model::read_ssh_options({std::string(bytes), "Port=22"});
    if (const auto decoded = model::base64_decode(bytes)) must(model::base64(*decoded) == bytes, "base64 is strict");
}

}  // namespace

void add_local_targets(std::vector<Target>& all) {
    std::string kexinit = "SSH-2.0-OpenSSH_9.2p1\r\n";
    kexinit += std::string("\0\0\0\x5c\x04\x14", 6) + std::string(16, 'c') + std::string("\0\0\0\x3a", 4) +
               "curve25519-sha256,kex-strict-s-v00@openssh.com,diffie-hell" + std::string(60, '\0');
    all.push_back({"preamble",
                   preamble,
                   {"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n", "Exceeded MaxStartups\r\n", "hello\r\nworld\nSSH-2.0-x\r\n",
                    "HTTP/1.1 400 Bad Request\r\nServer: x\r\n\r\n" + std::string(9000, 'x')}});
    all.push_back({"overheard", overheard, {kexinit, "SSH-1.99-x\n"}});
    all.push_back({"ssh-g",
                   ssh_g,
                   {"hostname web-1\nuser root\nport 22\nidentityfile ~/.ssh/id_ed25519\nidentitiesonly no\n"
                    "identityagent SSH_AUTH_SOCK\nuserknownhostsfile ~/.ssh/known_hosts ~/.ssh/known_hosts2\n"
                    "stricthostkeychecking ask\nproxyjump bastion\nproxycommand nc %h %p\nconnecttimeout 10\n"
                    "ciphers aes128-ctr\nkexalgorithms curve25519-sha256\n"}});
    all.push_back(
        {"ssh-config", ssh_config, {"Include conf.d/*\nHost *\n  SendEnv LANG\n# none\nMatch all\n  User x\n"}});
    all.push_back({"known-hosts",
                   known_hosts,
                   {"web-1,192.0.2.7 ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIIx me\n@revoked * ssh-rsa AAAA\n"
                    "|1|F1E1KeoE/eEWhi10WpGv4OdiO6Y=|3988QV0VE8wmZL7suNrYQLITLCg= ssh-ed25519 AAAA\n"
                    "[web-1]:2222,!web-2,*.example ssh-ed25519 AAAA\n@cert-authority *.x ssh-rsa AAAA\n"}});
    all.push_back({"etiquette",
                   etiquette,
                   {"abandoned_ms=1799999999000,1800000000000\nunserved_ms=1,2\nkept_out_ms=5\nwhy=x\n"}});
    all.push_back({"breaker", breaker, {"denials=2\nlast_denied_ms=1800000000000\nworked_before=1\n"}});
    all.push_back({"acquaintance",
                   again<model::Acquaintance>,
                   {"answered_ping=1\nrefused_closed_port=0\nforwarded=1\nseen_ms=1800000000000\nround_trip_us=500\n"
                    "boot_id=ceb56c8c-724b-48dd-8e95-1576b5fe53f2\n"}});
    all.push_back({"boot-text",
                   boot_text,
                   {"boot_id=ceb56c8c-724b-48dd-8e95-1576b5fe53f2\nincarnation=pid1=17\n"
                    "read_at_ms=1800000000000\nuptime_ms=5000\n"}});
    all.push_back({"table",
                   table,
                   {"vm-connection likelihoods 1\nseeds 1-2\nfitted 2026-11-27\ntemperature 1.0\nsha1 00\n"
                    "row none direct alive 10 login:works=10 echo:answers=9,silent=1\n",
                    model::Likelihoods::built_in().serialise().substr(0, 20000)}});
    all.push_back(
        {"route",
         route,
         {"Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\n"
          "eth0\t00000000\t0102000A\t0003\t0\t0\t0\t00000000\neth0\t0002000A\t00000000\t0001\t0\t0\t0\t00FFFFFF\n--\n"
          "20010db8000000000000000000000000 40 00000000000000000000000000000000 00 "
          "fe800000000000000000000000000001 00000064 00000001 00000000 00000003 eth0\n"}});
    all.push_back({"words", words, {"root@web-1:22", "[::1]:22", "250ms", "Port=22", "QUJD", "65536"}});
}

}  // namespace vmc::fuzz
