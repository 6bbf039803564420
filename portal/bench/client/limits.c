/* What this machine could do at best: loopback, page cache, O_DIRECT, the latency of a sync. */
#define _GNU_SOURCE
#include "wire.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define MIB (1 << 20)
#define DOCUMENT 204800
#define ROUNDS 64

static double cpu(int who) {
    struct rusage used;
    getrusage(who, &used);
    return used.ru_utime.tv_sec + used.ru_utime.tv_usec / 1e6 + used.ru_stime.tv_sec +
           used.ru_stime.tv_usec / 1e6;
}

static void say(const char *what, double seconds, double cpu_seconds) {
    double gib = settings.size / 1073741824.0;
    printf("{\"event\":\"limit\",\"what\":\"%s\",\"mb_s\":%.1f,\"cpu_s_gib\":%.4f}\n", what,
           settings.size / 1e6 / seconds, cpu_seconds / gib);
    fflush(stdout);
}

static void sink(int listener, char *buffer) {
    int fd = accept(listener, NULL, NULL);
    while (recv(fd, buffer, MIB, 0) > 0) continue;
    _exit(0);
}

static void loopback(char *buffer) {
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof to;
    int listener = socket(AF_INET, SOCK_STREAM, 0), fd = socket(AF_INET, SOCK_STREAM, 0);
    if (bind(listener, (struct sockaddr *)&to, length) || listen(listener, 1) ||
        getsockname(listener, (struct sockaddr *)&to, &length))
        fail("loopback: %s", strerror(errno));
    double begin = now();
    pid_t child = fork();
    if (!child) {
        close(fd); /* or its own copy would keep the stream open */
        sink(listener, buffer);
    }
    if (connect(fd, (struct sockaddr *)&to, length)) fail("connect: %s", strerror(errno));
    for (long long left = settings.size; left > 0;) {
        ssize_t sent = send(fd, pattern, left < MIB ? left : MIB, MSG_NOSIGNAL);
        if (sent < 0) fail("send: %s", strerror(errno));
        left -= sent;
    }
    close(fd);
    waitpid(child, NULL, 0);
    say("loopback", now() - begin, cpu(RUSAGE_CHILDREN));
}

static int fresh(const char *name, int flags, char *path) {
    snprintf(path, 512, "%s/%s", settings.directory, name);
    return open(path, O_CREAT | O_TRUNC | O_WRONLY | flags, 0600);
}

static void written(const char *name, int flags, long long sync_every, const char *buffer) {
    char path[512];
    int fd = fresh(name, flags, path);
    if (fd < 0) {
        printf("{\"event\":\"limit\",\"what\":\"%s\",\"refused\":\"%s\"}\n", name, strerror(errno));
        return;
    }
    if (sync_every && fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, settings.size)) errno = 0;
    double begin = now(), before = cpu(RUSAGE_SELF);
    for (long long at = 0; at < settings.size;) {
        ssize_t put = pwrite(fd, buffer, MIB, at);
        if (put < 0) fail("write: %s", strerror(errno));
        at += put;
        if (sync_every && at % sync_every == 0) fdatasync(fd);
    }
    say(name, now() - begin, cpu(RUSAGE_SELF) - before);
    close(fd);
    unlink(path);
}

static void syncs(const char *buffer) {
    struct samples took = {0};
    for (int i = 0; i < ROUNDS; i++) {
        char path[512];
        int fd = fresh("sync", 0, path);
        if (fd < 0 || write(fd, buffer, DOCUMENT) != DOCUMENT) fail("write: %s", strerror(errno));
        double begin = now();
        fdatasync(fd);
        sample(&took, now() - begin);
        close(fd);
        unlink(path);
    }
    printf("{\"event\":\"limit\",\"what\":\"fdatasync\",\"p50_ms\":%.3f,\"p99_ms\":%.3f}\n",
           percentile(&took, .5) * 1e3, percentile(&took, .99) * 1e3);
}

void limits(void) {
    char *buffer;
    if (posix_memalign((void **)&buffer, 4096, MIB)) fail("memory");
    memcpy(buffer, pattern, MIB);
    loopback(buffer);
    written("page_cache", 0, 0, buffer);
    written("o_direct", O_DIRECT, 8 * MIB, buffer);
    syncs(buffer);
    say_event("end");
}
