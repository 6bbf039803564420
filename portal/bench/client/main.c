/* The client of `sipol bench uploads`: it knows tus, keeps up with any server, and writes JSON lines.
 *
 *   client MODE name=value …      MODE: bulk, documents, trickle, cut, limits, pattern
 *
 * With wait=1 it says {"event":"ready"} when everything is prepared and begins at the next line on
 * its standard input, so that whoever measures can look at the clocks in between.
 */
#define _GNU_SOURCE
#include "wire.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

struct settings settings = {.target = "/files/", .headers = "", .creation = "", .size = 1 << 20,
                            .chunk = 1 << 20, .rate = 0, .connections = 1, .count = 1,
                            .seconds = 1, .idle = 1, .probe_ms = 20, .pause_ms = 200, .seed = 1};

static char headers[1536], creation[1536];

static void add_line(char *to, size_t room, const char *line) {
    size_t length = strlen(to);
    if ((size_t)snprintf(to + length, room - length, "%s\r\n", line) >= room - length)
        fail("headers too long");
}

static void set(const char *name, const char *value) {
    struct {
        const char *name;
        int *whole;
        long long *large;
    } numbers[] = {
        {"port", &settings.port, NULL}, {"connections", &settings.connections, NULL},
        {"count", &settings.count, NULL}, {"seconds", &settings.seconds, NULL},
        {"idle", &settings.idle, NULL}, {"with_body", &settings.with_body, NULL},
        {"wait", &settings.wait, NULL}, {"probe_ms", &settings.probe_ms, NULL},
        {"pause_ms", &settings.pause_ms, NULL}, {"reset", &settings.reset, NULL},
        {"size", NULL, &settings.size}, {"chunk", NULL, &settings.chunk},
        {"touch", NULL, &settings.touch}, {"rate", NULL, &settings.rate},
    };
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        if (strcmp(name, numbers[i].name)) continue;
        if (numbers[i].whole) *numbers[i].whole = atoi(value);
        else *numbers[i].large = atoll(value);
        return;
    }
    if (!strcmp(name, "seed")) settings.seed = strtoul(value, NULL, 10);
    else if (!strcmp(name, "socket")) settings.socket = value;
    else if (!strcmp(name, "target")) settings.target = value;
    else if (!strcmp(name, "directory")) settings.directory = value;
    else if (!strcmp(name, "header")) add_line(headers, sizeof headers, value);
    else if (!strcmp(name, "creation")) add_line(creation, sizeof creation, value);
    else fail("unknown setting: %s", name);
}

/* Pages that the machine lent to others cost whoever touches them first; here it is we. */
static void touch_memory(long long bytes) {
    if (!bytes) return;
    void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
    if (memory == MAP_FAILED) fail("memory: %s", strerror(errno));
    munmap(memory, bytes);
}

int main(int count, char **words) {
    struct rlimit files;
    if (count < 2) fail("which mode?");
    for (int i = 2; i < count; i++) {
        char *equals = strchr(words[i], '=');
        if (!equals) fail("name=value expected: %s", words[i]);
        *equals = 0;
        set(words[i], equals + 1);
    }
    settings.headers = headers, settings.creation = creation;
    signal(SIGPIPE, SIG_IGN);
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    touch_memory(settings.touch);
    wire_start();
    if (!strcmp(words[1], "bulk")) bulk();
    else if (!strcmp(words[1], "documents")) documents();
    else if (!strcmp(words[1], "trickle")) trickle();
    else if (!strcmp(words[1], "cut")) cut();
    else if (!strcmp(words[1], "limits")) limits();
    else if (!strcmp(words[1], "pattern")) return fwrite(pattern, 1, PATTERN, stdout) != PATTERN;
    else fail("unknown mode: %s", words[1]);
    return 0;
}
