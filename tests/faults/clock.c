/* A wall clock that somebody sets while a process runs.
 *
 * Preloaded (LD_PRELOAD) into the service. CLOCK_FILE is a file of eight bytes: the seconds, with their sign, that the wall clock is
 * ahead of that of the machine. They are read at every call, so whoever writes the file steps the clock. The steady clock is left alone,
 * as it is when a machine's clock is set. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static pthread_once_t once = PTHREAD_ONCE_INIT;
static const volatile int64_t *ahead;
static int (*real_clock)(clockid_t, struct timespec *);

static void begin(void) {
    const char *path = getenv("CLOCK_FILE");
    real_clock = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
    if (!real_clock) abort();
    if (!path) return;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    void *page = fd < 0 ? MAP_FAILED : mmap(NULL, sizeof *ahead, PROT_READ, MAP_SHARED, fd, 0);
    /* A clock that does not step would let every test pass. */
    if (page == MAP_FAILED) abort();
    close(fd);
    ahead = page;
}

int clock_gettime(clockid_t which, struct timespec *at) {
    pthread_once(&once, begin);
    int done = real_clock(which, at);
    int is_wall = which == CLOCK_REALTIME || which == CLOCK_REALTIME_COARSE;
    if (!done && is_wall && ahead) at->tv_sec += *ahead;
    return done;
}

int gettimeofday(struct timeval *restrict at, void *restrict zone) {
    struct timespec now;
    (void)zone;
    clock_gettime(CLOCK_REALTIME, &now);
    at->tv_sec = now.tv_sec;
    at->tv_usec = now.tv_nsec / 1000;
    return 0;
}

time_t time(time_t *at) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (at) *at = now.tv_sec;
    return now.tv_sec;
}
