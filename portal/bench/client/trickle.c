/* Many slow clients, and one that asks in between: settings.connections uploads at settings.rate
 * bytes a second, a HEAD of another upload every probe_ms, before (idle) and while (busy). */
#define _GNU_SOURCE
#include "wire.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CREATORS 64
#define A_SECOND 1500 /* connections opened in a second */
#define AT_ONCE 8     /* grants between two looks at the sockets, so that the probe is not late */

static struct line *lines, creators[CREATORS], probe;
static struct samples idle, busy, *into;
static int made, creating, sending, finished, intervals;
static double due, last_answer;
static long long stored, lost_probes;

static void created_one(struct line *, const struct answer *);

static void create_next(struct line *line) {
    if (made == settings.connections + 1) {
        creating--;
        wire_close(line);
        return;
    }
    line->index = made++;
    ask_creation(line, (long long)settings.rate * intervals, 0);
}

static void creation_broken(struct line *line, const char *why) {
    count_failure(line, NULL, why);
    create_next(line);
}

static void created_one(struct line *line, const struct answer *answer) {
    struct line *to = line->index ? &lines[line->index - 1] : &probe;
    if (created(line, answer)) {
        memcpy(to->path, line->path, sizeof to->path);
        to->length = line->length;
    } else {
        count_failure(line, answer, "creation");
    }
    create_next(line);
}

static void upload_answered(struct line *line, const struct answer *answer) {
    if (answer->status == 204 && answer->offset == line->length) stored += line->length;
    else count_failure(line, answer, "PATCH");
    finished++;
    line->step = 1;
    wire_close(line);
}

static void upload_broken(struct line *line, const char *why) {
    count_failure(line, NULL, why);
    finished++;
    line->step = 1;
}

static void probe_answered(struct line *line, const struct answer *answer) {
    last_answer = now();
    if (answer->status != 200) count_failure(line, answer, "HEAD");
    else if (into) sample(into, last_answer - line->asked);
}

static void probe_broken(struct line *line, const char *why) {
    count_failure(line, NULL, why);
}

static void probe_if_due(void) {
    if (probe.busy && now() - probe.asked > 10) {
        lost_probes++;
        wire_close(&probe);
    }
    if (!probe.busy && now() >= due) {
        due = now() + settings.probe_ms / 1e3;
        ask_offset(&probe);
    }
}

static void probe_for(double seconds, struct samples *samples) {
    double end = now() + seconds;
    into = samples;
    while (now() < end) {
        probe_if_due();
        wire_run(1);
    }
    into = NULL;
}

/* Each connection gets its bytes once a second, at its own moment of the second. */
static void run_slow_clients(void) {
    double begin = now(), steady = 0;
    long long slot = 0, total = settings.connections;
    int said = 0;
    while (finished < settings.connections) {
        int granted = 0;
        while (sending < total && granted < AT_ONCE && now() >= begin + (double)sending / A_SECOND) {
            struct line *line = &lines[sending++];
            ask_patch(line, 0, line->length, settings.rate);
            granted++;
        }
        if (sending == total && !steady) {
            steady = now();
            say_event("steady");
            into = &busy;
        }
        if (steady && !said && now() >= steady + settings.seconds) {
            said = 1, into = NULL;
            say_event("over");
        }
        while (granted < AT_ONCE && steady && now() >= steady + (double)slot / total) {
            struct line *line = &lines[slot++ % total];
            if (!line->step) wire_grant(line, settings.rate);
            granted++;
        }
        probe_if_due();
        wire_run(granted == AT_ONCE ? 0 : 1);
        if (steady && now() > steady + intervals + 60) break; /* whoever has not answered by now */
    }
    for (int i = 0; i < settings.connections; i++)
        if (!lines[i].step) count_failure(&lines[i], NULL, "no answer");
}

void trickle(void) {
    char more[512];
    intervals = settings.seconds + 3;
    lines = calloc(settings.connections, sizeof *lines);
    for (int i = 0; i < settings.connections; i++) {
        lines[i].fd = -1;
        lines[i].on_answer = upload_answered, lines[i].on_broken = upload_broken;
    }
    probe.fd = -1, probe.on_answer = probe_answered, probe.on_broken = probe_broken;
    creating = CREATORS;
    for (int i = 0; i < CREATORS; i++) {
        creators[i].fd = -1;
        creators[i].on_answer = created_one, creators[i].on_broken = creation_broken;
        create_next(&creators[i]);
    }
    while (creating) wire_run(1000);
    if (failures) {
        say_result("trickle", 0, 0, 0, "");
        return;
    }
    ready();
    probe_for(1, NULL);
    probe_for(settings.idle, &idle);
    double begin = now();
    run_slow_clients();
    snprintf(more, sizeof more,
             ",\"idle\":{\"count\":%d,\"p50_ms\":%.3f,\"p99_ms\":%.3f,\"max_ms\":%.3f},"
             "\"busy\":{\"count\":%d,\"p50_ms\":%.3f,\"p99_ms\":%.3f,\"max_ms\":%.3f},"
             "\"lost_probes\":%lld",
             idle.count, percentile(&idle, .5) * 1e3, percentile(&idle, .99) * 1e3,
             percentile(&idle, 1) * 1e3, busy.count, percentile(&busy, .5) * 1e3,
             percentile(&busy, .99) * 1e3, percentile(&busy, 1) * 1e3, lost_probes);
    say_result("trickle", now() - begin, stored, settings.connections, more);
}
