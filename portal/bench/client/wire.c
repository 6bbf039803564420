#define _GNU_SOURCE
#include "wire.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define SEND_AT_ONCE (1 << 20)

static int poll_fd;

double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec + t.tv_nsec / 1e9;
}

void fail(const char *format, ...) {
    va_list list;
    va_start(list, format);
    vfprintf(stderr, format, list);
    va_end(list);
    fputc('\n', stderr);
    exit(2);
}

void wire_start(void) {
    uint32_t state = 2463534242u;
    pattern = malloc(2 * (size_t)PATTERN); /* twice, so that a send need not wrap */
    for (size_t i = 0; i < PATTERN; i += 4) {
        state ^= state << 13, state ^= state >> 17, state ^= state << 5;
        memcpy(pattern + i, &state, 4);
    }
    memcpy(pattern + PATTERN, pattern, PATTERN);
    if ((poll_fd = epoll_create1(0)) < 0) fail("epoll: %s", strerror(errno));
}

static void watch(struct line *line, int wants_out, int operation) {
    struct epoll_event event = {.events = EPOLLIN | (wants_out ? EPOLLOUT : 0), .data.ptr = line};
    if (operation == EPOLL_CTL_MOD && line->wants_out == wants_out) return;
    line->wants_out = wants_out;
    if (epoll_ctl(poll_fd, operation, line->fd, &event)) fail("epoll_ctl: %s", strerror(errno));
}

void wire_connect(struct line *line) {
    union {
        struct sockaddr any;
        struct sockaddr_in in;
        struct sockaddr_un un;
    } to;
    socklen_t length;
    int one = 1;
    memset(&to, 0, sizeof to);
    if (settings.socket) {
        to.un.sun_family = AF_UNIX;
        snprintf(to.un.sun_path, sizeof to.un.sun_path, "%s", settings.socket);
        length = sizeof to.un;
    } else {
        to.in.sin_family = AF_INET;
        to.in.sin_port = htons(settings.port);
        to.in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        length = sizeof to.in;
    }
    line->fd = socket(to.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (line->fd < 0) fail("socket: %s", strerror(errno));
    /* Blocking: a loopback connect is answered by the kernel, and a full backlog only waits. */
    if (connect(line->fd, &to.any, length)) fail("connect: %s", strerror(errno));
    fcntl(line->fd, F_SETFL, O_NONBLOCK);
    if (!settings.socket) setsockopt(line->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    line->in_length = line->in_head = 0;
    line->answers = 0;
    watch(line, 0, EPOLL_CTL_ADD);
}

void wire_close(struct line *line) {
    if (line->fd >= 0) close(line->fd);
    line->fd = -1;
    line->busy = 0;
}

void wire_cut(struct line *line, int reset) {
    struct linger linger = {.l_onoff = 1, .l_linger = 0};
    if (reset) setsockopt(line->fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
    wire_close(line);
}

long long wire_unsent(struct line *line) {
    int bytes = 0;
    ioctl(line->fd, SIOCOUTQ, &bytes);
    return bytes;
}

static void break_off(struct line *line, const char *why) {
    wire_close(line);
    line->on_broken(line, why);
}

static void push(struct line *line) {
    while (line->head_sent < line->head_length || (line->body_left && line->allowed)) {
        struct iovec parts[2];
        int count = 0;
        size_t head = line->head_length - line->head_sent, body = 0;
        if (head) parts[count++] = (struct iovec){line->head + line->head_sent, head};
        if (line->body_left && line->allowed) {
            body = line->body_left < line->allowed ? line->body_left : line->allowed;
            if (body > SEND_AT_ONCE) body = SEND_AT_ONCE;
            parts[count++] = (struct iovec){pattern + line->body_at % PATTERN, body};
        }
        struct msghdr message = {.msg_iov = parts, .msg_iovlen = count};
        ssize_t sent = sendmsg(line->fd, &message, MSG_NOSIGNAL);
        if (sent < 0 && (errno == EAGAIN || errno == EINTR)) {
            watch(line, 1, EPOLL_CTL_MOD);
            return;
        }
        if (sent < 0) return; /* what the server said before it closed may still be there */
        size_t of_head = (size_t)sent < head ? (size_t)sent : head;
        line->head_sent += of_head;
        sent -= of_head;
        line->body_at += sent, line->body_left -= sent, line->allowed -= sent, line->sent += sent;
    }
    watch(line, 0, EPOLL_CTL_MOD);
}

static const char *field(const char *head, const char *name) {
    size_t length = strlen(name);
    for (const char *at = strstr(head, "\r\n"); at && at[2] != '\r'; at = strstr(at + 2, "\r\n")) {
        if (strncasecmp(at + 2, name, length) == 0 && at[2 + length] == ':') {
            at += 3 + length;
            while (*at == ' ') at++;
            return at;
        }
    }
    return NULL;
}

static void read_head(struct line *line) {
    struct answer *answer = &line->answer;
    const char *at;
    char *head = line->in;
    char kept = head[line->in_head];
    head[line->in_head] = 0;
    *answer = (struct answer){.offset = -1};
    if (sscanf(head, "HTTP/1.%*d %d", &answer->status) != 1) answer->status = 0;
    if ((at = field(head, "Upload-Offset"))) answer->offset = atoll(at);
    if ((at = field(head, "Location"))) {
        size_t length = strcspn(at, "\r");
        snprintf(answer->location, LOCATION, "%.*s", (int)length, at);
    }
    answer->close = (at = field(head, "Connection")) && strncasecmp(at, "close", 5) == 0;
    line->in_left = 0;
    if (!line->is_head && answer->status != 204) {
        if ((at = field(head, "Content-Length"))) line->in_left = atoll(at);
        else if (field(head, "Transfer-Encoding")) line->in_left = -1;
    }
    head[line->in_head] = kept;
}

/* The answer is whole: hand it on. */
static void deliver(struct line *line) {
    struct answer answer = line->answer;
    int unfinished = line->body_left > 0;
    line->in_length = line->in_head = 0;
    line->busy = 0;
    line->answers++;
    if (answer.status > 0 && answer.status < 600) answers_by_status[answer.status]++;
    if (answer.close || unfinished) wire_close(line);
    line->on_answer(line, &answer);
}

static void pull(struct line *line) {
    for (;;) {
        size_t room = sizeof line->in - 1 - line->in_length;
        ssize_t got = room ? recv(line->fd, line->in + line->in_length, room, 0) : 0;
        if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
        if (got <= 0) {
            if (!line->busy) wire_close(line); /* an idle connection may be closed */
            else if (!room) break_off(line, "an answer longer than expected");
            else break_off(line, got ? strerror(errno) : "closed without an answer");
            return;
        }
        line->in_length += got;
        line->in[line->in_length] = 0;
        if (!line->in_head) {
            char *end = strstr(line->in, "\r\n\r\n");
            if (!end) continue;
            line->in_head = end + 4 - line->in;
            read_head(line);
            if (line->answer.status >= 100 && line->answer.status < 200)
                return break_off(line, "an interim answer nobody asked for");
        }
        if (line->in_left > 0) {
            long long have = line->in_length - line->in_head;
            if (have >= line->in_left) return deliver(line);
            line->in_left -= have, line->in_length = line->in_head;
        } else if (line->in_left < 0) {
            if (line->in_length >= line->in_head + 5 &&
                memcmp(line->in + line->in_length - 5, "0\r\n\r\n", 5) == 0)
                return deliver(line);
            size_t body = line->in_length - line->in_head;
            if (body > 5) { /* only the end matters */
                memmove(line->in + line->in_head, line->in + line->in_length - 5, 5);
                line->in_length = line->in_head + 5;
            }
        } else {
            return deliver(line);
        }
    }
}

void wire_run(int milliseconds) {
    struct epoll_event events[256];
    int count = epoll_wait(poll_fd, events, 256, milliseconds);
    for (int i = 0; i < count; i++) {
        struct line *line = events[i].data.ptr;
        if (line->fd >= 0 && (events[i].events & EPOLLOUT)) push(line);
        if (line->fd >= 0 && (events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR))) pull(line);
    }
}

void wire_ask(struct line *line, const char *method, const char *path, const char *extra,
              long long body_at, long long body_length, long long allowed) {
    int has_body = body_length > 0 || strcmp(method, "POST") == 0;
    char length[48] = "";
    if (has_body) snprintf(length, sizeof length, "Content-Length: %lld\r\n", body_length);
    line->head_length = snprintf(
        line->head, sizeof line->head,
        "%s %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nTus-Resumable: 1.0.0\r\n%s%s%s\r\n", method, path,
        settings.port, settings.headers, extra, length);
    if (line->head_length >= sizeof line->head) fail("headers too long");
    line->head_sent = 0;
    line->body_at = body_at, line->body_left = body_length, line->allowed = allowed;
    line->is_head = strcmp(method, "HEAD") == 0;
    line->busy = 1;
    line->sent = 0;
    line->asked = now();
    if (line->fd < 0) wire_connect(line);
    push(line);
}

void wire_grant(struct line *line, long long bytes) {
    line->allowed += bytes;
    if (line->fd >= 0 && line->busy) push(line);
}
