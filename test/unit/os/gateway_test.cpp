// SPDX-License-Identifier: Apache-2.0
#include "edge/os/gateway.hpp"

#include <doctest/doctest.h>

using namespace vmc::edge;

namespace {

// As printed by Linux 6.1 (addresses in the byte order of a little-endian machine).
constexpr std::string_view route =
    "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n"
    "eth0\t00000000\t0100D50A\t0003\t0\t0\t0\t00000000\t0\t0\t0\n"
    "eth0\t0000D50A\t00000000\t0001\t0\t0\t0\t0000FFFF\t0\t0\t0\n"
    "eth1\t0001D50A\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n"
    "eth2\t0002D50A\t00000000\t0201\t0\t0\t0\t00FFFFFF\t0\t0\t0\n";
constexpr std::string_view ipv6_route =
    "fd000000000000000000000000000000 40 00000000000000000000000000000000 00 "
    "00000000000000000000000000000000 00000100 00000001 00000000 00000001     eth0\n"
    "00000000000000000000000000000000 00 00000000000000000000000000000000 00 "
    "fe800000000000000000000000000001 00000400 00000001 00000000 00000003     eth0\n";

}  // namespace

TEST_CASE("the longest prefix decides whether a router lies between us") {
    const auto far = own_route(route, ipv6_route, "192.0.2.7");
    REQUIRE(far.has_value());
    CHECK(far->gateway == "10.213.0.1");
    CHECK(far->device == "eth0");
    const auto near = own_route(route, ipv6_route, "10.213.7.7");
    REQUIRE(near.has_value());
    CHECK(near->gateway.empty());
    CHECK(near->device == "eth0");
    CHECK(own_route(route, ipv6_route, "10.213.1.7")->device == "eth1");
    CHECK(own_route(route, ipv6_route, "10.213.2.7")->device == "eth0");  // eth2's is a reject route
}

TEST_CASE("IPv6 has a table of its own") {
    CHECK(own_route(route, ipv6_route, "fd00::7")->gateway.empty());
    CHECK(own_route(route, ipv6_route, "2001:db8::7")->gateway == "fe80::1");
    CHECK(own_route(route, ipv6_route, "fd00::7%eth0")->device == "eth0");
}

TEST_CASE("no route, no address and garbage are no way there") {
    CHECK_FALSE(own_route("", "", "192.0.2.7").has_value());
    CHECK_FALSE(own_route(route, ipv6_route, "web-1").has_value());
    CHECK_FALSE(own_route("eth0\tzz\nx\n\n\t\t\t", "fd00 zz\n", "192.0.2.7").has_value());
}
