// SPDX-License-Identifier: Apache-2.0
// User certificates: KEY-cert.pub beside the key, signed by an authority the server trusts.
#include <doctest/doctest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "live/engine_rig.hpp"

using namespace engine;

namespace {

struct CertificateFixture {
    Rig rig;
    lab::Host host;
    std::string authority = (rig.directory / "authority").string();
    std::string key = (rig.directory / "key").string();

    CertificateFixture() {
        ssh_keygen("-q -t ed25519 -N '' -f " + authority);
        ssh_keygen("-q -t ed25519 -N '' -f " + key);
    }
    static void ssh_keygen(const std::string& options) { REQUIRE(std::system(("ssh-keygen " + options).c_str()) == 0); }
    /// Root lets in whom the authority vouches for, and nobody else.
    void trust_authority_only() {
        std::stringstream line;
        line << std::ifstream(authority + ".pub").rdbuf();
        (void)host.exec("echo cert-authority " + line.str().substr(0, line.str().find('\n')) +
                        " >/root/.ssh/authorized_keys");
    }
    void sign(const std::string& principal) {
        ssh_keygen("-q -s " + authority + " -I test -n " + principal + " " + key + ".pub");
    }
    [[nodiscard]] Target target() const {
        Target target(host.address);
        target.user("root").key(key);
        return target;
    }
};

}  // namespace

TEST_CASE_FIXTURE(CertificateFixture, "a key logs in by the certificate that lies beside it") {
    trust_authority_only();
    CHECK(rig.connect(target()).error().code() == Code::auth_denied);
    sign("root");
    Rig fresh;  // keys are read once
    auto session = fresh.online(target());
    CHECK(session->facts().key_used == key);
    CHECK(fresh.exec(*session, "echo in").out == "in\n");
}

TEST_CASE_FIXTURE(CertificateFixture,
                  "a certificate for somebody else is denied, and the refusal says that one was tried") {
    trust_authority_only();
    sign("somebody");
    const auto refused = rig.connect(target());
    REQUIRE_FALSE(refused.has_value());
    CHECK(refused.error().code() == Code::auth_denied);
    CHECK(refused.error().message().find("(certificate)") != std::string::npos);
}
