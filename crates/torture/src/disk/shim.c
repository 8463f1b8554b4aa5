/* A disk that lies, for LD_PRELOAD.
 *
 * Promise: whatever a process does through libc to files under LYING_DISK_ROOT stands in the journal
 * together with what was there before, and so does every sync that succeeded; so somebody else can take
 * back what was never synced. A control file, mapped by both sides, makes calls fail or wait.
 *
 * The order is: note, then do. A note without its deed is harmless (what was there before is there
 * still); a deed without its note would only be a write that reached the disk by luck.
 * Not seen: mmap, io_uring, raw system calls, O_DIRECT; starling uses none of them for its files. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

/* The same numbers stand in journal.rs and control.rs. */
enum { WRITE = 1, SYNC, CREATE, RENAME, UNLINK, RESIZE };
enum { FAIL_WRITES = 1, FAIL_SYNCS = 2, FAIL_GROWTH = 4, FORGET_SYNCS = 8 };

struct control {
    volatile uint32_t fail;       /* which calls */
    volatile uint32_t error;      /* errno they get */
    volatile uint32_t sync_ms;    /* every sync takes that much longer */
    volatile uint32_t failures;   /* how many calls were made to fail */
};

struct note {
    uint32_t kind;
    uint32_t saved;  /* CREATE: is a directory; RENAME, UNLINK: number of the saved file, 0: none */
    uint64_t inode;  /* of the file; of names: of their directory */
    uint64_t at;     /* WRITE: offset; RESIZE: old length; SYNC: notes before this one are safe */
    uint64_t length; /* of what was there before and follows; of names: of the names that follow */
    uint64_t size;   /* WRITE, RESIZE: length of the file before */
    uint64_t number; /* of this note in this journal's life */
};

static char root[PATH_MAX];
static size_t root_length;
static char journal_dir[PATH_MAX];
static int journal = -1;
static uint64_t numbers;
static uint32_t saves;
static struct control nothing, *control = &nothing;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

#define FDS 65536
static unsigned char is_ours[FDS]; /* 0: not looked at yet, 1: no, 2: yes */

__attribute__((constructor)) static void begin(void)
{
    const char *at = getenv("LYING_DISK_ROOT"), *dir = getenv("LYING_DISK_JOURNAL");
    if (!at || !dir)
        return;
    snprintf(root, sizeof root, "%s", at);
    snprintf(journal_dir, sizeof journal_dir, "%s", dir);
    char path[PATH_MAX + 16];
    snprintf(path, sizeof path, "%s/journal", dir);
    journal = syscall(SYS_openat, AT_FDCWD, path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    snprintf(path, sizeof path, "%s/control", dir);
    int fd = syscall(SYS_openat, AT_FDCWD, path, O_RDWR | O_CLOEXEC, 0);
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    /* Grows from one life of the process to the next, as notes and saved files outlive it. */
    numbers = (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
    if (fd >= 0) {
        void *map = mmap(NULL, sizeof *control, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        if (map != MAP_FAILED)
            control = map;
        syscall(SYS_close, fd);
    }
    if (journal < 0 || control == &nothing) {
        fprintf(stderr, "lying disk: %s cannot be used\n", dir);
        _exit(97);
    }
    root_length = strlen(root);
}

static int under(const char *path)
{
    return root_length && strncmp(path, root, root_length) == 0
        && (path[root_length] == '/' || path[root_length] == 0);
}

static int ours(int fd)
{
    if (!root_length || fd < 0 || fd >= FDS)
        return 0;
    if (!is_ours[fd]) {
        char link[64], path[PATH_MAX];
        snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
        ssize_t length = readlink(link, path, sizeof path - 1);
        if (length < 0)
            return 0;
        path[length] = 0;
        is_ours[fd] = under(path) ? 2 : 1;
    }
    return is_ours[fd] == 2;
}

static void put(const void *bytes, size_t length)
{
    while (length) {
        ssize_t done = syscall(SYS_write, journal, bytes, length);
        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0) /* Whoever judges must not believe a journal with holes. */
            _exit(99);
        bytes = (const char *)bytes + done;
        length -= (size_t)done;
    }
}

/* Under the lock. One write per note, so that a kill leaves at most one that is cut off. */
static void note(struct note it, const void *rest)
{
    it.number = ++numbers;
    if (it.length <= 65536) {
        static char whole[sizeof it + 65536];
        memcpy(whole, &it, sizeof it);
        memcpy(whole + sizeof it, rest ? rest : "", rest ? it.length : 0);
        put(whole, sizeof it + it.length);
        return;
    }
    put(&it, sizeof it);
    put(rest, it.length);
}

static int fails(uint32_t which)
{
    if (!(control->fail & which))
        return 0;
    __sync_fetch_and_add(&control->failures, 1);
    errno = (int)control->error;
    return 1;
}

static void before_write(int fd, uint64_t at, uint64_t length, const struct stat *file)
{
    uint64_t size = (uint64_t)file->st_size;
    uint64_t old = at >= size ? 0 : (at + length > size ? size - at : length);
    char *bytes = old ? malloc(old) : NULL, path[64];
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    int from = old ? (int)syscall(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC, 0) : -1;
    uint64_t got = 0;
    while (got < old) { /* `fd` itself may be for writing only. */
        ssize_t n = pread(from, bytes + got, old - got, (off_t)(at + got));
        if (n <= 0)
            _exit(99);
        got += (uint64_t)n;
    }
    if (old)
        syscall(SYS_close, from);
    note((struct note){.kind = WRITE, .inode = file->st_ino, .at = at, .length = old, .size = size}, bytes);
    free(bytes);
}

static ssize_t write_at(int fd, const void *from, size_t length, off_t at)
{
    struct stat file;
    if (fstat(fd, &file) != 0)
        return -1;
    if (fails(FAIL_WRITES) || ((off_t)(at + (off_t)length) > file.st_size && fails(FAIL_GROWTH)))
        return -1;
    pthread_mutex_lock(&lock);
    fstat(fd, &file);
    before_write(fd, (uint64_t)at, length, &file);
    ssize_t done = syscall(SYS_pwrite64, fd, from, length, at);
    int error = errno;
    pthread_mutex_unlock(&lock);
    errno = error;
    return done;
}

ssize_t pwrite64(int fd, const void *from, size_t length, off64_t at)
{
    return ours(fd) ? write_at(fd, from, length, at) : syscall(SYS_pwrite64, fd, from, length, at);
}

ssize_t pwrite(int fd, const void *from, size_t length, off_t at)
{
    return pwrite64(fd, from, length, at);
}

ssize_t write(int fd, const void *from, size_t length)
{
    if (!ours(fd))
        return syscall(SYS_write, fd, from, length);
    int append = fcntl(fd, F_GETFL) & O_APPEND;
    off_t at = lseek(fd, 0, append ? SEEK_END : SEEK_CUR);
    ssize_t done = write_at(fd, from, length, at);
    if (done > 0)
        lseek(fd, at + done, SEEK_SET);
    return done;
}

ssize_t writev(int fd, const struct iovec *parts, int count)
{
    if (!ours(fd))
        return syscall(SYS_writev, fd, parts, count);
    return count ? write(fd, parts[0].iov_base, parts[0].iov_len) : 0; /* A short write is legal. */
}

int ftruncate64(int fd, off64_t to)
{
    if (!ours(fd))
        return (int)syscall(SYS_ftruncate, fd, to);
    struct stat file;
    if (fstat(fd, &file) != 0)
        return -1;
    if (fails(FAIL_WRITES) || (to > file.st_size && fails(FAIL_GROWTH)))
        return -1;
    pthread_mutex_lock(&lock);
    fstat(fd, &file);
    if (to < file.st_size) /* What is cut off is noted like something overwritten. */
        before_write(fd, (uint64_t)to, (uint64_t)(file.st_size - to), &file);
    note((struct note){.kind = RESIZE, .inode = file.st_ino, .at = (uint64_t)file.st_size,
                       .size = (uint64_t)file.st_size}, NULL);
    int done = (int)syscall(SYS_ftruncate, fd, to);
    int error = errno;
    pthread_mutex_unlock(&lock);
    errno = error;
    return done;
}

int ftruncate(int fd, off_t to) { return ftruncate64(fd, to); }

static int sync_with(int fd, long call)
{
    if (!ours(fd))
        return (int)syscall(call, fd);
    struct stat file;
    if (fstat(fd, &file) != 0)
        return -1;
    pthread_mutex_lock(&lock);
    uint64_t safe = numbers; /* What is written while we sync is not promised. */
    pthread_mutex_unlock(&lock);
    if (control->sync_ms)
        usleep(control->sync_ms * 1000);
    if (fails(FAIL_SYNCS))
        return -1;
    if (syscall(call, fd) != 0)
        return -1;
    if (control->fail & FORGET_SYNCS)
        return 0;
    pthread_mutex_lock(&lock);
    note((struct note){.kind = SYNC, .inode = file.st_ino, .at = safe}, NULL);
    pthread_mutex_unlock(&lock);
    return 0;
}

int fsync(int fd) { return sync_with(fd, SYS_fsync); }
int fdatasync(int fd) { return sync_with(fd, SYS_fdatasync); }

/* Under the lock: the inode of the directory a name is in; the name itself goes to `name`. */
static uint64_t parent(const char *path, const char **name)
{
    char dir[PATH_MAX];
    const char *slash = strrchr(path, '/');
    snprintf(dir, sizeof dir, "%.*s", (int)(slash - path), path);
    struct stat it;
    *name = slash + 1;
    return stat(dir, &it) == 0 ? it.st_ino : 0;
}

/* Under the lock. Two names, each with its zero. */
static void note_names(uint32_t kind, uint32_t saved, const char *path, const char *to)
{
    char names[2 * PATH_MAX];
    const char *name, *second = "";
    uint64_t dir = parent(path, &name);
    if (to)
        parent(to, &second);
    size_t length = (size_t)snprintf(names, sizeof names, "%s", name) + 1;
    length += (size_t)snprintf(names + length, sizeof names - length, "%s", second) + 1;
    note((struct note){.kind = kind, .saved = saved, .inode = dir, .length = length}, names);
}

/* Under the lock: keeps a file that is about to lose its name. */
static uint32_t save(const char *path)
{
    char to[PATH_MAX + 32];
    do
        snprintf(to, sizeof to, "%s/saved-%u", journal_dir, ++saves);
    while (access(to, F_OK) == 0);
    return link(path, to) == 0 ? saves : 0;
}

static int open_with(int dir, const char *path, int flags, mode_t mode)
{
    if (!(flags & (O_CREAT | O_TRUNC)) || !under(path)) {
        int fd = (int)syscall(SYS_openat, dir, path, flags, mode);
        if (fd >= 0 && fd < FDS)
            is_ours[fd] = 0;
        return fd;
    }
    int is_new = access(path, F_OK) != 0;
    if (is_new && (fails(FAIL_WRITES) || fails(FAIL_GROWTH)))
        return -1;
    pthread_mutex_lock(&lock);
    if (is_new && access(path, F_OK) != 0)
        note_names(CREATE, 0, path, NULL);
    int fd = (int)syscall(SYS_openat, dir, path, flags & ~O_TRUNC, mode);
    int error = errno;
    pthread_mutex_unlock(&lock);
    if (fd >= 0 && fd < FDS)
        is_ours[fd] = 2;
    if (fd >= 0 && (flags & O_TRUNC))
        ftruncate64(fd, 0);
    errno = error;
    return fd;
}

#define MODE(flags, mode)                            \
    mode_t mode = 0;                                 \
    if ((flags) & (O_CREAT | O_TMPFILE)) {           \
        va_list rest;                                \
        va_start(rest, flags);                       \
        mode = (mode_t)va_arg(rest, int);            \
        va_end(rest);                                \
    }

int open64(const char *path, int flags, ...)
{
    MODE(flags, mode);
    return open_with(AT_FDCWD, path, flags, mode);
}

int open(const char *path, int flags, ...)
{
    MODE(flags, mode);
    return open_with(AT_FDCWD, path, flags, mode);
}

int openat64(int dir, const char *path, int flags, ...)
{
    MODE(flags, mode);
    return open_with(dir, path, flags, mode);
}

int openat(int dir, const char *path, int flags, ...)
{
    MODE(flags, mode);
    return open_with(dir, path, flags, mode);
}

int mkdir(const char *path, mode_t mode)
{
    if (!under(path) || strlen(path) == root_length)
        return (int)syscall(SYS_mkdirat, AT_FDCWD, path, mode);
    pthread_mutex_lock(&lock);
    if (access(path, F_OK) != 0)
        note_names(CREATE, 1, path, NULL);
    int done = (int)syscall(SYS_mkdirat, AT_FDCWD, path, mode);
    int error = errno;
    pthread_mutex_unlock(&lock);
    errno = error;
    return done;
}

int rename(const char *from, const char *to)
{
    if (!under(from))
        return (int)syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0);
    if (fails(FAIL_WRITES))
        return -1;
    pthread_mutex_lock(&lock);
    if (access(from, F_OK) == 0)
        note_names(RENAME, save(to), from, to);
    int done = (int)syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0);
    int error = errno;
    pthread_mutex_unlock(&lock);
    errno = error;
    return done;
}

int unlink(const char *path)
{
    if (!under(path))
        return (int)syscall(SYS_unlinkat, AT_FDCWD, path, 0);
    pthread_mutex_lock(&lock);
    uint32_t saved = save(path);
    if (saved)
        note_names(UNLINK, saved, path, NULL);
    int done = (int)syscall(SYS_unlinkat, AT_FDCWD, path, 0);
    int error = errno;
    pthread_mutex_unlock(&lock);
    errno = error;
    return done;
}

int unlinkat(int dir, const char *name, int flags)
{
    char path[PATH_MAX], link[64];
    if (!root_length || flags & AT_REMOVEDIR || name[0] == '/' || !ours(dir)) {
        if (name[0] == '/' && !(flags & AT_REMOVEDIR))
            return unlink(name);
        return (int)syscall(SYS_unlinkat, dir, name, flags);
    }
    snprintf(link, sizeof link, "/proc/self/fd/%d", dir);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 0)
        return -1;
    snprintf(path + length, sizeof path - (size_t)length, "/%s", name);
    return unlink(path);
}

int close(int fd)
{
    if (fd >= 0 && fd < FDS)
        is_ours[fd] = 0;
    return (int)syscall(SYS_close, fd);
}
