/* One connection at a time speaks one request at a time; everything in one epoll loop, one thread.
 *
 * A body's byte at file position p is always pattern[p % PATTERN], however an upload is cut into
 * requests, so that what lies on a server's disk can be compared afterwards.
 */
#ifndef WIRE_H
#define WIRE_H

#include <stddef.h>
#include <stdint.h>

#define PATTERN (4u << 20)
#define LOCATION 512

struct answer {
    int status;
    long long offset; /* Upload-Offset, or -1 */
    char location[LOCATION];
    int close;
};

struct line;
typedef void (*answered)(struct line *, const struct answer *);
typedef void (*broken)(struct line *, const char *why);

struct line {
    int fd; /* -1: not connected */
    int index, step, wants_out, busy, is_head, answers;
    char head[2560];
    size_t head_length, head_sent;
    long long body_at, body_left; /* file position and what is left of this request's body */
    long long allowed;            /* body bytes that may go now; the rest waits for grant() */
    char in[2048];
    size_t in_length, in_head; /* in_head: length of the answer's head once it is whole */
    long long in_left;         /* answer body bytes to skip; -1: chunked */
    struct answer answer;
    double asked; /* when the request began */
    long long length, sent;
    char path[LOCATION];
    answered on_answer;
    broken on_broken;
};

struct settings {
    const char *socket; /* Unix socket, or NULL for 127.0.0.1:port */
    int port;
    const char *target;     /* where uploads are created, /files/ */
    const char *headers;    /* further header lines of every request, each ending in \r\n */
    const char *creation;   /* further header lines of creations only */
    const char *directory;  /* limits only */
    long long size, chunk, touch, rate;
    int connections, count, seconds, idle, with_body, wait, probe_ms, pause_ms, reset;
    unsigned seed;
};

extern struct settings settings;
extern char *pattern;
extern long long failures, answers_by_status[600];

double now(void);
void fail(const char *format, ...) __attribute__((noreturn, format(printf, 1, 2)));
void wire_start(void);
void wire_run(int milliseconds); /* one turn of the loop */
void wire_connect(struct line *);
void wire_close(struct line *);
void wire_cut(struct line *, int reset);
long long wire_unsent(struct line *);
/* `allowed`: body bytes that may go at once. Connects when it must. */
void wire_ask(struct line *, const char *method, const char *path, const char *extra,
              long long body_at, long long body_length, long long allowed);
void wire_grant(struct line *, long long bytes);
void ask_creation(struct line *, long long length, int with_body);
void ask_patch(struct line *, long long offset, long long bytes, long long allowed);
void ask_offset(struct line *);
/* Whether it is a creation that worked; keeps the path. */
int created(struct line *, const struct answer *);
void count_failure(struct line *, const struct answer *, const char *what);

void ready(void); /* tells whoever measures, and waits for the word to go */
void say_event(const char *name);
void say_result(const char *mode, double seconds, long long bytes, long long requests,
                const char *more);

struct samples {
    double *values;
    int count, room;
};
void sample(struct samples *, double);
double percentile(struct samples *, double); /* 0–1; sorts */

void bulk(void);
void documents(void);
void trickle(void);
void cut(void);
void limits(void);

#endif
