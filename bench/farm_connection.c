// SPDX-License-Identifier: Apache-2.0
#include "farm_connection.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include <libssh/callbacks.h>

static const char output[] = "farm\n";

enum progress { waiting, script, due, closing };  // script: stdin is read to its end first

typedef struct farm_channel {
    struct farm_channel* next;
    struct ssh_channel_callbacks_struct calls;
    ssh_channel channel;
    enum progress progress;
} farm_channel;

struct farm_connection {
    ssh_session session;
    ssh_event event;  // after the key exchange: the pump
    struct ssh_server_callbacks_struct calls;
    farm_channel* channels;
};

// Callbacks only record: libssh must not be called from inside its own callbacks.

static int on_public_key(ssh_session session, const char* user, struct ssh_key_struct* key, char state, void* self) {
    (void)session, (void)user, (void)key, (void)self;
    return state == SSH_PUBLICKEY_STATE_NONE || state == SSH_PUBLICKEY_STATE_VALID ? SSH_AUTH_SUCCESS : SSH_AUTH_DENIED;
}

static int on_exec(ssh_session session, ssh_channel channel, const char* line, void* self) {
    (void)session, (void)channel;
    ((farm_channel*)self)->progress = strstr(line, "/bin/sh -s") ? script : due;
    return 0;
}

static void on_end_of_input(ssh_session session, ssh_channel channel, void* self) {
    (void)session, (void)channel;
    farm_channel* c = self;
    if (c->progress == script) c->progress = due;
}

static int on_input(ssh_session session, ssh_channel channel, void* data, uint32_t length, int is_stderr, void* self) {
    (void)session, (void)channel, (void)data, (void)is_stderr, (void)self;
    return (int)length;
}

static ssh_channel on_open(ssh_session session, void* self) {
    farm_connection* connection = self;
    farm_channel* c = calloc(1, sizeof *c);
    if (!c) return NULL;
    c->channel = ssh_channel_new(session);
    c->calls.userdata = c;
    c->calls.channel_exec_request_function = on_exec;
    c->calls.channel_eof_function = on_end_of_input;
    c->calls.channel_data_function = on_input;
    ssh_callbacks_init(&c->calls);
    ssh_set_channel_callbacks(c->channel, &c->calls);
    c->next = connection->channels;
    connection->channels = c;
    return c->channel;
}

farm_connection* farm_connection_new(ssh_bind keys, int fd) {
    farm_connection* c = calloc(1, sizeof *c);
    if (!c) return NULL;
    c->session = ssh_new();
    if (!c->session || ssh_bind_accept_fd(keys, c->session, fd) != SSH_OK) {
        farm_connection_free(c);
        return NULL;
    }
    ssh_set_blocking(c->session, 0);
    ssh_set_auth_methods(c->session, SSH_AUTH_METHOD_PUBLICKEY);
    c->calls.userdata = c;
    c->calls.auth_pubkey_function = on_public_key;
    c->calls.channel_open_request_session_function = on_open;
    ssh_callbacks_init(&c->calls);
    ssh_set_server_callbacks(c->session, &c->calls);
    return c;
}

static int exchange_keys(farm_connection* c) {
    const int rc = ssh_handle_key_exchange(c->session);
    const int fd = ssh_get_fd(c->session);
    if (fd >= 0) fcntl(fd, F_SETFL, O_NONBLOCK);  // libssh may have cleared it
    if (rc != SSH_OK) return rc;
    c->event = ssh_event_new();
    return ssh_event_add_session(c->event, c->session);
}

static void release(farm_channel* c) {
    ssh_remove_channel_callbacks(c->channel, &c->calls);
    ssh_channel_free(c->channel);
    free(c);
}

// Answers the commands that came in; returns whether anything was written.
static int answer(farm_connection* connection) {
    int wrote = 0;
    for (farm_channel** at = &connection->channels; *at;) {
        farm_channel* c = *at;
        if (c->progress == due) {
            ssh_channel_write(c->channel, output, sizeof output - 1);
            ssh_channel_request_send_exit_status(c->channel, 0);
            c->progress = closing;
            wrote = 1;
        }
        // Closing may have to be asked for again: EOF first, then CLOSE.
        if (c->progress == closing && ssh_channel_close(c->channel) != SSH_AGAIN) {
            *at = c->next;
            release(c);
            wrote = 1;
            continue;
        }
        at = &c->next;
    }
    return wrote;
}

unsigned farm_connection_pump(farm_connection* c) {
    if (!c->event && exchange_keys(c) == SSH_ERROR) return 0;
    if (c->event) {
        if (ssh_event_dopoll(c->event, 0) == SSH_ERROR) return 0;
        if (answer(c) && ssh_event_dopoll(c->event, 0) == SSH_ERROR) return 0;
    }
    if (ssh_get_fd(c->session) < 0) return 0;
    const int wants = ssh_get_poll_flags(c->session);
    return EPOLLIN | (wants & SSH_WRITE_PENDING ? (unsigned)EPOLLOUT : 0);
}

void farm_connection_free(farm_connection* c) {
    while (c->channels) {
        farm_channel* next = c->channels->next;
        release(c->channels);
        c->channels = next;
    }
    if (c->event) {
        ssh_event_remove_session(c->event, c->session);
        ssh_event_free(c->event);
    }
    if (c->session) ssh_free(c->session);  // closes the descriptor too
    free(c);
}
