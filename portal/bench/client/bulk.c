/* Large files: created first, then PATCHed in chunks, on one or a few connections; and small
 * documents, each with one POST or with POST and PATCH, on many. */
#define _GNU_SOURCE
#include "wire.h"

#include <stdio.h>
#include <stdlib.h>

enum { CREATING, WAITING, SENDING, DONE };

static struct line *lines;
static struct samples latencies;
static int open_lines, next_document;
static long long stored, requests;

static struct line *make_lines(answered on_answer, broken on_broken) {
    struct line *made = calloc(settings.connections, sizeof *made);
    for (int i = 0; i < settings.connections; i++) {
        made[i].fd = -1, made[i].index = i;
        made[i].on_answer = on_answer, made[i].on_broken = on_broken;
    }
    return made;
}

static void give_up(struct line *line, const char *why) {
    count_failure(line, NULL, why);
    line->step = DONE;
    open_lines--;
}

static void next_chunk(struct line *line, long long offset) {
    long long left = line->length - offset;
    long long bytes = left < settings.chunk ? left : settings.chunk;
    requests++;
    ask_patch(line, offset, bytes, bytes);
}

static void bulk_answered(struct line *line, const struct answer *answer) {
    if (line->step == CREATING) {
        if (!created(line, answer)) {
            count_failure(line, answer, "creation");
            line->step = DONE;
        } else {
            line->step = WAITING;
        }
        open_lines--;
        return;
    }
    long long expected = line->body_at;
    if (answer->status != 204 || answer->offset != expected) {
        count_failure(line, answer, "PATCH");
        line->step = DONE;
        open_lines--;
        return;
    }
    sample(&latencies, now() - line->asked);
    if (expected < line->length) return next_chunk(line, expected);
    stored += line->length;
    line->step = DONE;
    open_lines--;
}

static void say(const char *mode, double seconds) {
    char more[128];
    snprintf(more, sizeof more, ",\"p50_ms\":%.3f,\"p99_ms\":%.3f", percentile(&latencies, 0.5) * 1e3,
             percentile(&latencies, 0.99) * 1e3);
    say_result(mode, seconds, stored, requests, more);
}

void bulk(void) {
    lines = make_lines(bulk_answered, give_up);
    open_lines = settings.connections;
    for (int i = 0; i < settings.connections; i++) ask_creation(&lines[i], settings.size, 0);
    while (open_lines) wire_run(1000);
    ready();
    double begin = now();
    for (int i = 0; i < settings.connections; i++) {
        if (lines[i].step != WAITING) continue;
        lines[i].step = SENDING;
        open_lines++;
        next_chunk(&lines[i], 0);
    }
    while (open_lines) wire_run(1000);
    say("bulk", now() - begin);
}

static void next_one(struct line *line) {
    if (next_document >= settings.count) {
        line->step = DONE;
        open_lines--;
        return;
    }
    next_document++;
    line->step = CREATING;
    requests++;
    ask_creation(line, settings.size, settings.with_body);
}

static double begun[65536];

static void document_answered(struct line *line, const struct answer *answer) {
    if (line->step == CREATING) {
        begun[line->index] = line->asked;
        if (!created(line, answer)) {
            count_failure(line, answer, "POST");
            return next_one(line);
        }
        if (!settings.with_body) {
            line->step = SENDING;
            requests++;
            return ask_patch(line, 0, settings.size, settings.size);
        }
    }
    if ((line->step == SENDING && answer->status != 204) || answer->offset != settings.size)
        count_failure(line, answer, "document");
    else
        stored += settings.size;
    sample(&latencies, now() - begun[line->index]);
    next_one(line);
}

static void document_broken(struct line *line, const char *why) {
    count_failure(line, NULL, why);
    next_one(line);
}

void documents(void) {
    if (settings.connections > 65536) fail("too many connections");
    lines = make_lines(document_answered, document_broken);
    for (int i = 0; i < settings.connections; i++) wire_connect(&lines[i]);
    ready();
    double begin = now();
    open_lines = settings.connections;
    for (int i = 0; i < settings.connections; i++) next_one(&lines[i]);
    while (open_lines) wire_run(1000);
    say("documents", now() - begin);
}
