/* What every mode asks of a tus server, and what is said to whoever measures. */
#define _GNU_SOURCE
#include "wire.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

char *pattern;
long long failures, answers_by_status[600];
static char first_failure[256];

void ask_creation(struct line *line, long long length, int with_body) {
    char extra[2048];
    snprintf(extra, sizeof extra, "Upload-Length: %lld\r\n%s%s", length, settings.creation,
             with_body ? "Content-Type: application/offset+octet-stream\r\n" : "");
    line->length = length;
    wire_ask(line, "POST", settings.target, extra, 0, with_body ? length : 0, length);
}

void ask_patch(struct line *line, long long offset, long long bytes, long long allowed) {
    char extra[128];
    snprintf(extra, sizeof extra,
             "Upload-Offset: %lld\r\nContent-Type: application/offset+octet-stream\r\n", offset);
    wire_ask(line, "PATCH", line->path, extra, offset, bytes, allowed);
}

void ask_offset(struct line *line) { wire_ask(line, "HEAD", line->path, "", 0, 0, 0); }

int created(struct line *line, const struct answer *answer) {
    const char *path = answer->location, *after;
    if (answer->status != 201 || !*path) return 0;
    if ((after = strstr(path, "://"))) path = strchr(after + 3, '/');
    if (!path) return 0;
    snprintf(line->path, sizeof line->path, "%s", path);
    return 1;
}

void count_failure(struct line *line, const struct answer *answer, const char *what) {
    (void)line;
    failures++;
    if (!*first_failure)
        snprintf(first_failure, sizeof first_failure, "%s: status %d, offset %lld", what,
                 answer ? answer->status : 0, answer ? answer->offset : -1);
}

void say_event(const char *name) {
    printf("{\"event\":\"%s\"}\n", name);
    fflush(stdout);
}

void ready(void) {
    char word[16];
    if (!settings.wait) return;
    say_event("ready");
    if (!fgets(word, sizeof word, stdin)) exit(3);
}

void say_result(const char *mode, double seconds, long long bytes, long long requests,
                const char *more) {
    printf("{\"event\":\"result\",\"mode\":\"%s\",\"seconds\":%.6f,\"bytes\":%lld,"
           "\"requests\":%lld,\"failures\":%lld,\"first_failure\":\"%s\",\"answers\":{",
           mode, seconds, bytes, requests, failures, first_failure);
    const char *separator = "";
    for (int status = 0; status < 600; status++) {
        if (!answers_by_status[status]) continue;
        printf("%s\"%d\":%lld", separator, status, answers_by_status[status]);
        separator = ",";
    }
    printf("}%s}\n", more);
    fflush(stdout);
}

void sample(struct samples *to, double value) {
    if (to->count == to->room) {
        to->room = to->room ? 2 * to->room : 1024;
        to->values = realloc(to->values, to->room * sizeof *to->values);
    }
    to->values[to->count++] = value;
}

static int ascending(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

double percentile(struct samples *of, double share) {
    if (!of->count) return 0;
    qsort(of->values, of->count, sizeof *of->values, ascending);
    int at = (int)(share * of->count);
    return of->values[at < of->count ? at : of->count - 1];
}
