/* What a process does to the files below one folder: written down in order, or made to fail.
 *
 * Preloaded (LD_PRELOAD) into the service. FAULT_ROOT is the folder, by its absolute path. With FAULT_LOG every call that changes a
 * file or a folder is appended to that file, after it was made and before the next one is; a lock makes the order of the log the order
 * of the calls. FAULT_SWALLOW=1 lets fdatasync below `journal/` do nothing and say that it did. FAULT_KIND and FAULT_AT make one call fail:
 *   eio    the FAULT_AT-th write with EIO            full   that write and all later ones with ENOSPC
 *   short  that write after half of its bytes        sync   the FAULT_AT-th fsync or fdatasync with EIO
 * While there is a file of the name FAULT_WHILE, which is not below the folder, every write fails with ENOSPC.
 *
 * A record: op 1 byte, then inode, offset, lengths of path, second path and data as 8 bytes each, then those three. The data of a folder
 * that is synced are its names, each behind its inode and before a zero: names may have been changed past the library. */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static char root[PATH_MAX];
static size_t root_length;
static int log_fd = -1;
static int swallows;
static const char *kind = "", *full_while;
static long at, writes, syncs;

#define REAL(name) ((__typeof__(&name))real(#name))

static void *real(const char *name) {
    void *found = dlsym(RTLD_NEXT, name);
    if (!found) abort();
    return found;
}

static void begin(void) {
    const char *folder = getenv("FAULT_ROOT"), *log = getenv("FAULT_LOG");
    if (!folder) return;
    root_length = strlen(folder);
    memcpy(root, folder, root_length + 1);
    if (log) log_fd = REAL(open)(log, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
    swallows = getenv("FAULT_SWALLOW") != NULL;
    if (getenv("FAULT_KIND")) kind = getenv("FAULT_KIND");
    if (getenv("FAULT_AT")) at = atol(getenv("FAULT_AT"));
    full_while = getenv("FAULT_WHILE");
}

static int is_below(const char *path) {
    return root_length && !strncmp(path, root, root_length) && (path[root_length] == '/' || !path[root_length]);
}

/* The path of what `fd` is open on, when that is a file or a folder below the root. */
static int path_of(int fd, char *path) {
    struct stat stat;
    char name[64];
    pthread_once(&once, begin);
    if (!root_length || fstat(fd, &stat) || !(S_ISREG(stat.st_mode) || S_ISDIR(stat.st_mode))) return 0;
    snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(name, path, PATH_MAX - 1);
    if (length <= 0) return 0;
    path[length] = 0;
    return is_below(path);
}

/* `path` from the root of the system. */
static int absolute(int folder, const char *path, char *whole) {
    pthread_once(&once, begin);
    if (!root_length) return 0;
    if (path[0] == '/') {
        snprintf(whole, PATH_MAX, "%s", path);
    } else {
        char from[PATH_MAX];
        if (folder == AT_FDCWD) {
            if (!getcwd(from, sizeof from)) return 0;
        } else if (!path_of(folder, from)) {
            return 0;
        }
        if (snprintf(whole, PATH_MAX, "%s/%s", from, path) >= PATH_MAX) return 0;
    }
    return is_below(whole);
}

static void put(char op, uint64_t inode, uint64_t offset, const char *path, const char *other, const void *data, uint64_t length) {
    if (log_fd < 0) return;
    uint64_t numbers[5] = {inode, offset, path ? strlen(path) : 0, other ? strlen(other) : 0, data ? length : 0};
    struct iovec parts[5] = {
        {&op, 1}, {numbers, sizeof numbers}, {(void *)path, numbers[2]}, {(void *)other, numbers[3]}, {(void *)data, numbers[4]},
    };
    ssize_t whole = 1 + sizeof numbers + numbers[2] + numbers[3] + numbers[4];
    /* A log with a hole would tell lies. */
    if (REAL(writev)(log_fd, parts, 5) != whole) abort();
}

static uint64_t inode_of(int fd) {
    struct stat stat;
    return fstat(fd, &stat) ? 0 : stat.st_ino;
}

/* How many bytes of a write go through; below zero it fails. */
static ssize_t allowed(size_t count) {
    writes++;
    if (full_while && !access(full_while, F_OK)) return errno = ENOSPC, -1;
    if (!strcmp(kind, "eio") && writes == at) return errno = EIO, -1;
    if (!strcmp(kind, "full") && writes >= at) return errno = ENOSPC, -1;
    if (!strcmp(kind, "short") && writes == at) return count / 2;
    return count;
}

static ssize_t write_below(int fd, const void *data, size_t count, off_t offset, int is_placed) {
    pthread_mutex_lock(&lock);
    ssize_t done = allowed(count);
    if (done >= 0) {
        off_t place = offset;
        if (!is_placed) place = fcntl(fd, F_GETFL) & O_APPEND ? lseek(fd, 0, SEEK_END) : lseek(fd, 0, SEEK_CUR);
        done = is_placed ? REAL(pwrite)(fd, data, done, offset) : REAL(write)(fd, data, done);
        if (done > 0) put('W', inode_of(fd), place, NULL, NULL, data, done);
    }
    pthread_mutex_unlock(&lock);
    return done;
}

ssize_t write(int fd, const void *data, size_t count) {
    char path[PATH_MAX];
    if (!path_of(fd, path)) return REAL(write)(fd, data, count);
    return write_below(fd, data, count, 0, 0);
}

ssize_t pwrite(int fd, const void *data, size_t count, off_t offset) {
    char path[PATH_MAX];
    if (!path_of(fd, path)) return REAL(pwrite)(fd, data, count, offset);
    return write_below(fd, data, count, offset, 1);
}

ssize_t pwrite64(int fd, const void *data, size_t count, off_t offset) { return pwrite(fd, data, count, offset); }

static ssize_t writev_below(int fd, const struct iovec *parts, int count, off_t offset, int is_placed) {
    size_t length = 0;
    for (int part = 0; part < count; part++) length += parts[part].iov_len;
    char *whole = malloc(length + 1), *end = whole;
    for (int part = 0; part < count; part++) {
        memcpy(end, parts[part].iov_base, parts[part].iov_len);
        end += parts[part].iov_len;
    }
    ssize_t done = write_below(fd, whole, length, offset, is_placed);
    free(whole);
    return done;
}

ssize_t writev(int fd, const struct iovec *parts, int count) {
    char path[PATH_MAX];
    if (!path_of(fd, path)) return REAL(writev)(fd, parts, count);
    return writev_below(fd, parts, count, 0, 0);
}

ssize_t pwritev(int fd, const struct iovec *parts, int count, off_t offset) {
    char path[PATH_MAX];
    if (!path_of(fd, path)) return REAL(pwritev)(fd, parts, count, offset);
    return writev_below(fd, parts, count, offset, 1);
}

ssize_t pwritev64(int fd, const struct iovec *parts, int count, off_t offset) { return pwritev(fd, parts, count, offset); }

int ftruncate(int fd, off_t length) {
    char path[PATH_MAX];
    if (!path_of(fd, path)) return REAL(ftruncate)(fd, length);
    pthread_mutex_lock(&lock);
    int done = REAL(ftruncate)(fd, length);
    if (!done) put('T', inode_of(fd), length, NULL, NULL, NULL, 0);
    pthread_mutex_unlock(&lock);
    return done;
}

int ftruncate64(int fd, off_t length) { return ftruncate(fd, length); }

/* Writes down that a file or a folder was synced. */
static void put_sync(int fd, const char *path) {
    struct stat stat;
    char *names = NULL;
    size_t length = 0;
    DIR *folder = fstat(fd, &stat) || !S_ISDIR(stat.st_mode) ? NULL : opendir(path);
    for (struct dirent *entry; folder && (entry = readdir(folder));) {
        if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, "..")) continue;
        size_t name = strlen(entry->d_name) + 1;
        uint64_t inode = entry->d_ino;
        if (!(names = realloc(names, length + 8 + name))) abort();
        memcpy(names + length, &inode, 8);
        memcpy(names + length + 8, entry->d_name, name);
        length += 8 + name;
    }
    if (folder) closedir(folder);
    put('S', inode_of(fd), 0, path, NULL, names, length);
    free(names);
}

static int sync_below(int fd, const char *path, int (*sync)(int), int is_data) {
    pthread_mutex_lock(&lock);
    int done = 0, is_swallowed = swallows && is_data && strstr(path, "/journal/");
    syncs++;
    if (!strcmp(kind, "sync") && syncs == at) {
        errno = EIO;
        done = -1;
    } else if (!is_swallowed) {
        /* Where a log is written, what the disk keeps is worked out from it. */
        done = log_fd < 0 ? sync(fd) : 0;
        if (!done) put_sync(fd, path);
    }
    pthread_mutex_unlock(&lock);
    return done;
}

int fsync(int fd) {
    char path[PATH_MAX];
    return path_of(fd, path) ? sync_below(fd, path, REAL(fsync), 0) : REAL(fsync)(fd);
}

int fdatasync(int fd) {
    char path[PATH_MAX];
    return path_of(fd, path) ? sync_below(fd, path, REAL(fdatasync), 1) : REAL(fdatasync)(fd);
}

static int open_below(int folder, const char *path, int flags, mode_t mode) {
    char whole[PATH_MAX];
    if (!(flags & (O_CREAT | O_TRUNC)) || !absolute(folder, path, whole)) return REAL(openat)(folder, path, flags, mode);
    struct stat stat;
    pthread_mutex_lock(&lock);
    int was_there = !fstatat(folder, path, &stat, 0);
    int fd = REAL(openat)(folder, path, flags, mode);
    if (fd >= 0 && !was_there) put('C', inode_of(fd), 0, whole, NULL, NULL, 0);
    if (fd >= 0 && was_there && flags & O_TRUNC) put('T', inode_of(fd), 0, NULL, NULL, NULL, 0);
    pthread_mutex_unlock(&lock);
    return fd;
}

#define MODE(flags, mode) \
    mode_t mode = 0; \
    if ((flags) & (O_CREAT | O_TMPFILE)) { \
        va_list rest; \
        va_start(rest, flags); \
        mode = va_arg(rest, mode_t); \
        va_end(rest); \
    }

int open(const char *path, int flags, ...) {
    MODE(flags, mode)
    return open_below(AT_FDCWD, path, flags, mode);
}

int open64(const char *path, int flags, ...) {
    MODE(flags, mode)
    return open_below(AT_FDCWD, path, flags, mode);
}

int openat(int folder, const char *path, int flags, ...) {
    MODE(flags, mode)
    return open_below(folder, path, flags, mode);
}

int openat64(int folder, const char *path, int flags, ...) {
    MODE(flags, mode)
    return open_below(folder, path, flags, mode);
}

/* A change of names between `before` and `after`. */
struct names {
    char from[PATH_MAX], to[PATH_MAX];
    int is_below, has_to;
};

static void before(struct names *names, int from_folder, const char *from, int to_folder, const char *to) {
    names->has_to = to != NULL;
    names->is_below = absolute(from_folder, from, names->from);
    if (to && absolute(to_folder, to, names->to)) names->is_below = 1;
    if (names->is_below) pthread_mutex_lock(&lock);
}

static int after(struct names *names, char op, int done) {
    if (!names->is_below) return done;
    struct stat stat;
    const char *now = names->has_to ? names->to : names->from;
    if (!done) put(op, lstat(now, &stat) ? 0 : stat.st_ino, 0, names->from, names->has_to ? names->to : NULL, NULL, 0);
    pthread_mutex_unlock(&lock);
    return done;
}

#define NAMES(op, one, from, two, to, call) \
    struct names names; \
    before(&names, one, from, two, to); \
    return after(&names, op, call);

int mkdir(const char *path, mode_t mode) { NAMES('M', AT_FDCWD, path, 0, NULL, REAL(mkdir)(path, mode)) }
int unlink(const char *path) { NAMES('U', AT_FDCWD, path, 0, NULL, REAL(unlink)(path)) }
int rmdir(const char *path) { NAMES('U', AT_FDCWD, path, 0, NULL, REAL(rmdir)(path)) }
int unlinkat(int folder, const char *path, int flags) {
    NAMES('U', folder, path, 0, NULL, REAL(unlinkat)(folder, path, flags))
}
int rename(const char *from, const char *to) { NAMES('R', AT_FDCWD, from, AT_FDCWD, to, REAL(rename)(from, to)) }
int renameat(int one, const char *from, int two, const char *to) {
    NAMES('R', one, from, two, to, REAL(renameat)(one, from, two, to))
}
int renameat2(int one, const char *from, int two, const char *to, unsigned int flags) {
    NAMES('R', one, from, two, to, REAL(renameat2)(one, from, two, to, flags))
}
int link(const char *from, const char *to) { NAMES('L', AT_FDCWD, from, AT_FDCWD, to, REAL(link)(from, to)) }
int linkat(int one, const char *from, int two, const char *to, int flags) {
    NAMES('L', one, from, two, to, REAL(linkat)(one, from, two, to, flags))
}
