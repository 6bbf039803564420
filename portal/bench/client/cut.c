/* Lines that break: each upload is cut at a random byte by FIN or RST, then asked for its offset. */
#define _GNU_SOURCE
#include "wire.h"

#include <stdio.h>
#include <stdlib.h>

enum { CREATING, SENDING, PAUSING, ASKING, DONE };

static struct line *lines;
static double *resume_at, *began;
static long long *cut_at, *delivered;
static struct samples losses, waits;
static int left, next_cut;
static unsigned long long random_state;

static double random_share(void) {
    random_state = random_state * 6364136223846793005ULL + 1442695040888963407ULL;
    return (random_state >> 11) / 9007199254740992.0;
}

static void begin_cut(struct line *line) {
    if (next_cut >= settings.count) {
        line->step = DONE;
        left--;
        wire_close(line);
        return;
    }
    next_cut++;
    line->step = CREATING;
    ask_creation(line, settings.size, 0);
}

static void on_broken(struct line *line, const char *why) {
    count_failure(line, NULL, why);
    begin_cut(line);
}

static void ask_again(struct line *line, double after) {
    line->step = PAUSING;
    resume_at[line->index] = now() + after;
}

static void on_answer(struct line *line, const struct answer *answer) {
    int i = line->index;
    if (line->step == CREATING) {
        if (!created(line, answer)) return on_broken(line, "creation");
        cut_at[i] = 1 + (long long)(random_share() * (settings.size - 2));
        began[i] = now();
        line->step = SENDING;
        /* With a rate the bytes are granted as time passes, see cut(). */
        ask_patch(line, 0, settings.size, settings.rate ? 0 : cut_at[i]);
        return;
    }
    if (line->step == SENDING) {
        count_failure(line, answer, "answered before the cut");
        return begin_cut(line);
    }
    /* Whoever still holds the upload may keep it for a moment (423). */
    if (answer->status == 423 && now() - began[i] < 60) return ask_again(line, 0.25);
    if (answer->status != 200 || answer->offset < 0 || answer->offset > cut_at[i]) {
        count_failure(line, answer, "HEAD");
    } else {
        sample(&losses, delivered[i] > answer->offset ? delivered[i] - answer->offset : 0);
        sample(&waits, now() - began[i]);
    }
    begin_cut(line);
}

static void drive(struct line *line) {
    int i = line->index;
    if (line->step == SENDING && settings.rate) {
        long long due = (long long)((now() - began[i]) * settings.rate);
        if (due > cut_at[i]) due = cut_at[i];
        long long granted = line->sent + line->allowed;
        if (due > granted) wire_grant(line, due - granted);
    }
    if (line->step == SENDING && line->sent >= cut_at[i]) {
        /* A reset throws away what this machine still had to send, and that is nobody's loss. */
        delivered[i] = line->sent - (settings.reset ? wire_unsent(line) : 0);
        wire_cut(line, settings.reset);
        began[i] = now();
        ask_again(line, settings.pause_ms / 1e3);
    } else if (line->step == PAUSING && now() >= resume_at[i]) {
        line->step = ASKING;
        ask_offset(line);
    }
}

void cut(void) {
    char more[256];
    double sum = 0, begin;
    int count = settings.connections;
    lines = calloc(count, sizeof *lines);
    resume_at = calloc(count, sizeof *resume_at), began = calloc(count, sizeof *began);
    cut_at = calloc(count, sizeof *cut_at), delivered = calloc(count, sizeof *delivered);
    random_state = settings.seed * 2654435761ULL + 1;
    left = count;
    ready();
    begin = now();
    for (int i = 0; i < count; i++) {
        lines[i].fd = -1, lines[i].index = i;
        lines[i].on_answer = on_answer, lines[i].on_broken = on_broken;
        begin_cut(&lines[i]);
    }
    while (left) {
        wire_run(1);
        for (int i = 0; i < count; i++) drive(&lines[i]);
    }
    for (int i = 0; i < losses.count; i++) sum += losses.values[i];
    snprintf(more, sizeof more,
             ",\"cuts\":%d,\"lost_mean\":%.0f,\"lost_p50\":%.0f,\"lost_max\":%.0f,"
             "\"answer_max_ms\":%.1f",
             losses.count, losses.count ? sum / losses.count : 0, percentile(&losses, .5),
             percentile(&losses, 1), percentile(&waits, 1) * 1e3);
    say_result("cut", now() - begin, 0, settings.count, more);
}
