// SPDX-License-Identifier: Apache-2.0
/*
 * calls DIR: makes system calls of every family in DIR (an empty folder) and prints, for each, a jq
 * condition that one event of this process must satisfy. Whoever reads the trace checks them; what
 * this kernel does not have is left out.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/capability.h>
#include <linux/openat2.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

static int errors;

static void __attribute__((format(printf, 1, 2))) expect(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	putchar('\n');
}

static long must(long r, const char *what)
{
	if (r < 0) {
		fprintf(stderr, "calls: %s: %s\n", what, strerror(errno));
		errors++;
	}
	return r;
}
#define MUST(call) must((long)(call), #call)

static unsigned long long inode(const char *path)
{
	struct stat s = { 0 };

	stat(path, &s);
	return s.st_ino;
}

static unsigned long device(
	const char *path) /* as st_dev of 32 bits: the kernel's new_encode_dev() */
{
	struct stat s = { 0 };

	stat(path, &s);
	return s.st_dev;
}

static void opens(const char *dir)
{
	struct open_how how = { .flags = O_RDONLY, .resolve = RESOLVE_NO_MAGICLINKS };
	struct stat st;
	long fd, at;

	fd = MUST(syscall(SYS_open, "file", O_RDWR | O_CREAT | O_EXCL, 0640));
	expect(".type == \"open\" and .res == %ld and .args.name == \"file\" and .args.path == "
	       "\"%s/file\" and .args.ino == %llu "
	       "and .args.dev == \"0x%lx\" and .args.mode == \"0640\" and (.args.flags | "
	       "contains(\"O_F_CREATED\") and contains(\"O_RDWR\") "
	       "and contains(\"O_EXCL\"))",
	       fd, dir, inode("file"), device("file"));
	close((int)fd);
	MUST(symlink("file", "link"));
	expect(".type == \"symlink\" and .res == 0 and .args.target == \"file\" and .args.linkpath "
	       "== \"link\"");
	MUST(mkdir("sub", 0755));
	expect(".type == \"mkdir\" and .res == 0 and .args.path == \"sub\" and .args.mode == "
	       "\"0x1ed\"");
	MUST(symlink("../link", "sub/link2"));
	at = MUST(open("sub", O_RDONLY | O_DIRECTORY));
	expect(".type == \"openat\" and .args.name == \"sub\" and .args.path == \"%s/sub\" and "
	       "(.args.flags | contains(\"O_DIRECTORY\"))",
	       dir);
	fd = MUST(openat((int)at, "link2", O_WRONLY | O_APPEND | O_CLOEXEC));
	expect(".type == \"openat\" and .res == %ld and .args.dirfd == %ld and .args.name == "
	       "\"link2\" and .args.path == \"%s/file\" and "
	       "(.args.flags | contains(\"O_APPEND\") and contains(\"O_WRONLY\") and "
	       "contains(\"O_CLOEXEC\") and (contains(\"O_F_CREATED\") | not))",
	       fd, at, dir);
	close((int)fd);
	expect(".type == \"close\" and .res == 0 and .args.fd == %ld and .fd.name == \"%s/file\"",
	       fd, dir);
	fd = syscall(SYS_openat2, at, "link2", &how, sizeof(how));
	if (fd >= 0) {
		expect(".type == \"openat2\" and .res == %ld and .args.path == \"%s/file\" and "
		       ".args.resolve == \"RESOLVE_NO_MAGICLINKS\"",
		       fd, dir);
		close((int)fd);
	}
	fd = MUST(syscall(SYS_creat, "made", 0600));
	expect(".type == \"creat\" and .res == %ld and .args.name == \"made\" and .args.mode == "
	       "\"0600\" and .args.path == \"%s/made\" and .args.ino == %llu",
	       fd, dir, inode("made"));
	close((int)fd);
	open("none", O_RDONLY);
	expect(".type == \"openat\" and .error == \"ENOENT\" and .args.name == \"none\" and (.args "
	       "| has(\"path\") | not)");
	MUST(fstat((int)at, &st));
	expect(".type | IN(\"fstat\", \"newfstatat\")");
	MUST(fchdir((int)at));
	expect(".type == \"fchdir\" and .res == 0 and .args.fd == %ld and .args.cwd == \"%s/sub\"",
	       at, dir);
	MUST(chdir("../sub/.."));
	expect(".type == \"chdir\" and .res == 0 and .args.path == \"../sub/..\" and .args.cwd == "
	       "\"%s\"",
	       dir);
	close((int)at);
}

static void files(const char *dir)
{
	char big[5000], cwd[4096];
	long fd;

	MUST(link("file", "hard"));
	expect(".type == \"link\" and .res == 0 and .args.oldpath == \"file\" and .args.newpath == "
	       "\"hard\"");
	MUST(rename("hard", "moved"));
	expect(".type == \"rename\" and .res == 0 and .args.oldpath == \"hard\" and .args.newpath "
	       "== \"moved\"");
	MUST(renameat(AT_FDCWD, "moved", AT_FDCWD, "again"));
	expect("(.type | IN(\"renameat\", \"renameat2\")) and .args.oldpath == \"moved\" and "
	       ".args.newpath == \"again\" and .args.newdirfd == -100");
	MUST(chmod("again", 04711));
	expect("(.type | IN(\"chmod\", \"fchmodat\")) and .args.filename == \"again\" and .res == "
	       "0");
	MUST(unlink("again"));
	expect(".type == \"unlink\" and .res == 0 and .args.path == \"again\"");
	MUST(unlinkat(AT_FDCWD, "made", 0));
	expect(".type == \"unlinkat\" and .args.dirfd == -100 and .args.name == \"made\"");
	MUST(truncate("file", 1000));
	expect(".type == \"truncate\" and .args.path == \"file\" and .args.length == 1000");
	MUST(access("file", R_OK | W_OK));
	expect("(.type | IN(\"access\", \"faccessat\")) and .args.mode == \"R_OK|W_OK\"");
	MUST(readlink("link", cwd, sizeof(cwd)));
	expect("(.type | IN(\"readlink\", \"readlinkat\")) and .args.target == \"file\" and .res "
	       "== 4");
	MUST(syscall(SYS_getcwd, cwd, sizeof(cwd)));
	expect(".type == \"getcwd\" and .args.path == \"%s\"", dir);
	MUST(mknod("pipe", S_IFIFO | 0600, 0));
	expect("(.type | IN(\"mknod\", \"mknodat\")) and .args.path == \"pipe\" and .res == 0");
	MUST(rmdir("none") < 0 ? 0 : -1);
	expect(".type == \"rmdir\" and .error == \"ENOENT\" and .args.path == \"none\"");
	fd = MUST(open("file", O_RDWR));
	MUST(flock((int)fd, LOCK_EX | LOCK_NB));
	expect(".type == \"flock\" and .args.fd == %ld and (.args.operation | "
	       "contains(\"LOCK_EX\"))",
	       fd);
	MUST(ftruncate((int)fd, 10));
	expect(".type == \"ftruncate\" and .args.length == 10");
	MUST(fallocate((int)fd, 0, 0, 4096));
	expect(".type == \"fallocate\" and .args.len == 4096");
	MUST(fchmod((int)fd, 0600));
	expect(".type == \"fchmod\" and .args.fd == %ld", fd);
	if (setxattr("file", "user.note", "abc", 3, 0) == 0)
		expect(".type == \"setxattr\" and .args.path == \"file\" and .args.name == "
		       "\"user.note\" and .args.size == 3");
	MUST(utimensat(AT_FDCWD, "file", (struct timespec[2]){ { 1000, 5 }, { 0, UTIME_OMIT } },
		       0));
	expect(".type == \"utimensat\" and .args.atime == \"1970-01-01T00:16:40.000000005Z\" and "
	       "(.args | has(\"mtime\") | not)");
	close((int)fd);
	/* The longest path there is, and one that is longer. */
	memset(big, 'a', sizeof(big));
	for (int i = 0; i < 4995; i += 200)
		big[i] = '/';
	big[4096] = 0;
	syscall(SYS_rmdir, big);
	expect(".type == \"rmdir\" and .error == \"ENAMETOOLONG\" and (.args.path | length) == "
	       "4096 and .cut.path == 4097");
	big[4095] = 0;
	syscall(SYS_rmdir, big);
	expect(".type == \"rmdir\" and .error == \"ENOENT\" and (.args.path | length) == 4095 and "
	       "(has(\"cut\") | not)");
}

static void bytes(void)
{
	char a[200], b[100] = "0123456789";
	struct iovec v[3] = { { a, 3 }, { b, 4 }, { a + 50, 100 } };
	int fd, in, out, p[2];
	off_t off = 0;

	memset(a, 'x', sizeof(a));
	fd = (int)MUST(open("data", O_RDWR | O_CREAT | O_TRUNC, 0600));
	MUST(write(fd, "hello", 5));
	expect(".type == \"write\" and .res == 5 and .args.fd == %d and .args.size == 5 and "
	       ".args.data == {size: 5, base64: \"aGVsbG8=\"}",
	       fd);
	MUST(write(fd, a, 200));
	expect(".type == \"write\" and .res == 200 and .args.data.size == 200 and "
	       "(.args.data.base64 | length) == 108");
	MUST(pwrite(fd, "HE", 2, 0));
	expect(".type == \"pwrite\" and .args.pos == 0 and .args.data.base64 == \"SEU=\" and "
	       ".args.size == 2");
	MUST(pread(fd, b, 5, 0));
	expect(".type == \"pread\" and .res == 5 and .args.pos == 0 and .args.data == {size: 5, "
	       "base64: \"SEVsbG8=\"}");
	MUST(lseek(fd, 3, SEEK_SET));
	expect(".type == \"lseek\" and .res == 3 and .args.offset == 3 and .args.whence == "
	       "\"SEEK_SET\"");
	MUST(read(fd, b, 2));
	expect(".type == \"read\" and .res == 2 and .args.fd == %d and .args.size == 2 and "
	       ".args.data == {size: 2, base64: \"bG8=\"}",
	       fd);
	memcpy(a, "abc", 3);
	memcpy(b, "defg", 4);
	v[2].iov_len = 2;
	memcpy(a + 50, "hi", 2);
	MUST(pwritev(fd, v, 3, 20));
	expect(".type == \"pwritev\" and .res == 9 and .args.size == 9 and .args.pos == 20 and "
	       ".args.data == {size: 9, base64: \"YWJjZGVmZ2hp\"}");
	v[2].iov_len = 100;
	MUST(lseek(fd, 20, SEEK_SET));
	MUST(readv(fd, v, 3));
	expect(".type == \"readv\" and .res == 107 and .args.size == 107 and .args.data.size == "
	       "107 and (.args.data.base64 | startswith(\"YWJjZGVmZ2hpeHh4\"))");
	v[2].iov_len = 1;
	MUST(writev(fd, v, 3));
	expect(".type == \"writev\" and .res == 8 and .args.size == 8 and .args.data.size == 8");
	MUST(preadv2(fd, v, 2, 20, 0));
	expect(".type == \"preadv2\" and .res == 7 and .args.data.base64 == \"YWJjZGVmZw==\"");
	MUST(read(fd, b, 0));
	expect(".type == \"read\" and .res == 0 and .args.size == 0 and .args.data.size == 0");
	read(999, b, 1);
	expect(".type == \"read\" and .error == \"EBADF\" and .args.fd == 999");
	in = (int)MUST(open("data", O_RDONLY));
	out = (int)MUST(open("copy", O_WRONLY | O_CREAT, 0600));
	MUST(sendfile(out, in, &off, 10));
	expect(".type == \"sendfile\" and .res == 10 and .args.offset == 0 and .args.size == 10 "
	       "and .args.in_fd == %d and .args.out_fd == %d",
	       in, out);
	if (copy_file_range(in, &off, out, NULL, 5, 0) == 5)
		expect(".type == \"copy_file_range\" and .res == 5 and .args.offin == 10 and "
		       ".args.len == 5");
	MUST(pipe2(p, O_CLOEXEC));
	expect(".type == \"pipe2\" and .res == 0 and .args.fd1 == %d and .args.fd2 == %d and "
	       ".args.flags == \"O_CLOEXEC\"",
	       p[0], p[1]);
	MUST(splice(in, NULL, p[1], NULL, 8, 0));
	expect(".type == \"splice\" and .res == 8 and .args.fd_in == %d and .args.fd_out == %d and "
	       ".args.size == 8",
	       in, p[1]);
	MUST(dup(p[0]));
	expect(".type == \"dup\" and .args.oldfd == %d and .res > 2", p[0]);
	MUST(dup2(p[0], 77));
	expect(".type == \"dup2\" and .res == 77 and .args.oldfd == %d and .args.newfd == 77",
	       p[0]);
	MUST(dup3(p[0], 78, O_CLOEXEC));
	expect(".type == \"dup3\" and .res == 78 and .args.flags == \"O_CLOEXEC\"");
	MUST(fcntl(p[0], F_DUPFD_CLOEXEC, 80));
	expect(".type == \"fcntl\" and .res == 80 and .args.fd == %d and .args.cmd == "
	       "\"F_DUPFD_CLOEXEC\" and .args.arg == \"0x50\"",
	       p[0]);
	MUST(close_range(77, 80, 0));
	expect(".type == \"close_range\" and .args.first == 77 and .args.last == 80");
	MUST(ioctl(p[0], FIONREAD, &fd));
	expect(".type == \"ioctl\" and .args.request == \"0x541b\" and .res == 0");
}

static void memory(void)
{
	void *p = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	expect(".type == \"mmap\" and .res == %ld and .args.length == 8192 and .args.fd == -1 and "
	       ".args.prot == \"PROT_READ|PROT_WRITE\" "
	       "and (.args.flags | contains(\"MAP_ANONYMOUS\"))",
	       (long)p);
	MUST(mprotect(p, 4096, PROT_READ));
	expect(".type == \"mprotect\" and .args.addr == \"0x%lx\" and .args.length == 4096 and "
	       ".args.prot == \"PROT_READ\"",
	       (long)p);
	MUST(munmap(p, 8192));
	expect(".type == \"munmap\" and .args.addr == \"0x%lx\" and .args.length == 8192", (long)p);
	MUST(syscall(SYS_memfd_create, "note", 1));
	expect(".type == \"memfd_create\" and .args.name == \"note\" and .args.flags == "
	       "\"MFD_CLOEXEC\"");
}

static void descriptors(void)
{
	struct epoll_event e = { .events = EPOLLIN };
	struct itimerspec it = { .it_value = { 100, 0 } };
	sigset_t set;
	int ep, ev;

	ep = (int)MUST(epoll_create1(EPOLL_CLOEXEC));
	expect(".type == \"epoll_create1\" and .res == %d and .args.flags == \"EPOLL_CLOEXEC\"",
	       ep);
	ev = (int)MUST(eventfd(7, EFD_NONBLOCK));
	expect(".type == \"eventfd2\" and .res == %d and .args.initval == 7 and .args.flags == "
	       "\"O_NONBLOCK\"",
	       ev);
	MUST(epoll_ctl(ep, EPOLL_CTL_ADD, ev, &e));
	expect(".type == \"epoll_ctl\" and .args.epfd == %d and .args.fd == %d and .args.events == "
	       "\"0x1\"",
	       ep, ev);
	MUST(timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC));
	expect(".type == \"timerfd_create\" and .args.clockid == 1 and .args.flags == "
	       "\"O_CLOEXEC\"");
	MUST(timerfd_settime((int)MUST(timerfd_create(CLOCK_MONOTONIC, 0)), 0, &it, NULL));
	expect(".type == \"timerfd_settime\" and .res == 0");
	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	MUST(signalfd(-1, &set, 0));
	expect(".type == \"signalfd4\" and .args.fd == -1 and (.args.mask | tostring | "
	       "IN(\"2048\", \"0x800\"))");
	MUST(inotify_add_watch((int)MUST(inotify_init1(0)), ".", IN_CREATE));
	expect(".type == \"inotify_add_watch\" and .args.path == \".\"");
}

static void sock_addr(struct sockaddr_in *a, int port)
{
	*a = (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
}

static int port_of(int fd)
{
	struct sockaddr_storage a;
	socklen_t n = sizeof(a);

	MUST(getsockname(fd, (struct sockaddr *)&a, &n));
	return ntohs(a.ss_family == AF_INET ? ((struct sockaddr_in *)&a)->sin_port
					    : ((struct sockaddr_in6 *)&a)->sin6_port);
}

static void tcp4(void)
{
	int s = (int)MUST(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)), c, a, port, cport,
	    one = 1;
	struct sockaddr_in addr;
	struct timeval tv = { 2, 500000 };

	expect(".type == \"socket\" and .res == %d and (.args.domain | IN(\"AF_INET\", "
	       "\"AF_INET|AF_INET\")) and .args.proto == 0",
	       s);
	MUST(setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)));
	expect(".type == \"setsockopt\" and .args.fd == %d and .args.level == \"SOL_SOCKET\" and "
	       ".args.optname == \"SO_REUSEADDR\" and .args.val == 1 and .args.optlen == 4",
	       s);
	MUST(setsockopt(s, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv)));
	expect(".type == \"setsockopt\" and .args.val == 2500000000");
	sock_addr(&addr, 0);
	MUST(bind(s, (struct sockaddr *)&addr, sizeof(addr)));
	port = port_of(s);
	expect(".type == \"bind\" and .res == 0 and .args.fd == %d and .args.addr == "
	       "\"127.0.0.1:%d\"",
	       s, port);
	expect(".type == \"getsockname\" and .args.fd == %d and .args.addr == \"127.0.0.1:%d\"", s,
	       port);
	MUST(listen(s, 16));
	expect(".type == \"listen\" and .args.fd == %d and .args.backlog == 16", s);
	c = (int)MUST(socket(AF_INET, SOCK_STREAM, 0));
	sock_addr(&addr, port);
	MUST(connect(c, (struct sockaddr *)&addr, sizeof(addr)));
	cport = port_of(c);
	expect(".type == \"connect\" and .res == 0 and .args.fd == %d and .args.tuple == "
	       "\"127.0.0.1:%d->127.0.0.1:%d\" and .args.addr == \"127.0.0.1:%d\"",
	       c, cport, port, port);
	a = (int)MUST(accept4(s, NULL, NULL, SOCK_CLOEXEC));
	expect(".type == \"accept4\" and .res == %d and .args.tuple == "
	       "\"127.0.0.1:%d->127.0.0.1:%d\" and .args.queuemax == 16 and .args.sockfd == %d",
	       a, cport, port, s);
	MUST(send(c, "ping", 4, 0));
	expect(".type == \"sendto\" and .args.fd == %d and .args.data.base64 == \"cGluZw==\" and "
	       ".fd.name == \"127.0.0.1:%d->127.0.0.1:%d\"",
	       c, cport, port);
	MUST(recv(a, &addr, 4, 0));
	expect(".type == \"recvfrom\" and .args.fd == %d and .args.data.base64 == \"cGluZw==\" and "
	       ".fd.name == \"127.0.0.1:%d->127.0.0.1:%d\"",
	       a, cport, port);
	MUST(shutdown(c, SHUT_RDWR));
	expect(".type == \"shutdown\" and .args.fd == %d and .args.how == \"SHUT_RDWR\"", c);
	close(s);
	sock_addr(&addr, port);
	s = (int)MUST(socket(AF_INET, SOCK_STREAM, 0));
	connect(s, (struct sockaddr *)&addr, sizeof(addr));
	expect(".type == \"connect\" and .error == \"ECONNREFUSED\" and .args.fd == %d and "
	       ".args.addr == \"127.0.0.1:%d\" and (.args.tuple | endswith(\"->127.0.0.1:%d\"))",
	       s, port, port);
}

static void tcp6(void)
{
	struct sockaddr_in6 a6 = { .sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT };
	int s = socket(AF_INET6, SOCK_STREAM, 0), c, a, port;

	if (s < 0 || bind(s, (struct sockaddr *)&a6, sizeof(a6)))
		return;			/* no IPv6 here */
	port = port_of(s);
	expect(".type == \"bind\" and .args.addr == \"::1:%d\"", port);
	MUST(listen(s, 1));
	c = (int)MUST(socket(AF_INET6, SOCK_STREAM, 0));
	a6.sin6_port = htons((uint16_t)port);
	MUST(connect(c, (struct sockaddr *)&a6, sizeof(a6)));
	expect(".type == \"connect\" and .args.fd == %d and .args.tuple == \"::1:%d->::1:%d\"", c,
	       port_of(c), port);
	a = (int)MUST(accept(s, NULL, NULL));
	expect(".type == \"accept\" and .res == %d and .args.tuple == \"::1:%d->::1:%d\"", a,
	       port_of(c), port);
}

static void udp(void)
{
	int a = (int)MUST(socket(AF_INET, SOCK_DGRAM, 0)),
	    b = (int)MUST(socket(AF_INET, SOCK_DGRAM, 0)), ap, bp;
	struct sockaddr_in to;
	char got[16];
	struct iovec v = { got, sizeof(got) };
	struct msghdr m = {
		.msg_name = &to, .msg_namelen = sizeof(to), .msg_iov = &v, .msg_iovlen = 1
	};
	socklen_t n = sizeof(to);

	sock_addr(&to, 0);
	MUST(bind(a, (struct sockaddr *)&to, sizeof(to)));
	ap = port_of(a);
	sock_addr(&to, ap);
	MUST(sendto(b, "dgram", 5, 0, (struct sockaddr *)&to, sizeof(to)));
	bp = port_of(b);
	expect(".type == \"sendto\" and .res == 5 and .args.fd == %d and .args.data.base64 == "
	       "\"ZGdyYW0=\" and (.args.tuple | endswith(\":%d->127.0.0.1:%d\"))",
	       b, bp, ap);
	MUST(recvfrom(a, got, sizeof(got), 0, (struct sockaddr *)&to, &n));
	expect(".type == \"recvfrom\" and .res == 5 and .args.size == 16 and .args.data.size == 5 "
	       "and .args.tuple == \"127.0.0.1:%d->127.0.0.1:%d\"",
	       bp, ap);
	sock_addr(&to, ap);
	v.iov_len = 3;
	memcpy(got, "msg", 3);
	MUST(sendmsg(b, &m, 0));
	expect(".type == \"sendmsg\" and .res == 3 and .args.size == 3 and .args.data.base64 == "
	       "\"bXNn\" and (.args.tuple | endswith(\"->127.0.0.1:%d\"))",
	       ap);
	v.iov_len = sizeof(got);
	MUST(recvmsg(a, &m, 0));
	expect(".type == \"recvmsg\" and .res == 3 and .args.data.base64 == \"bXNn\" and "
	       ".args.tuple == \"127.0.0.1:%d->127.0.0.1:%d\"",
	       bp, ap);
	MUST(recv(a, got, 1, MSG_DONTWAIT) < 0 ? 0 : -1);
	expect(".type == \"recvfrom\" and .error == \"EAGAIN\"");
}

static void unix_sockets(const char *dir)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX, .sun_path = "sock" };
	union {
		struct cmsghdr h;
		char b[CMSG_SPACE(2 * sizeof(int))];
	} c = { .h = { .cmsg_len = CMSG_LEN(2 * sizeof(int)),
		       .cmsg_level = SOL_SOCKET,
		       .cmsg_type = SCM_RIGHTS } };
	char byte = 'z';
	struct iovec v = { &byte, 1 };
	struct msghdr m = {
		.msg_iov = &v, .msg_iovlen = 1, .msg_control = &c, .msg_controllen = sizeof(c.b)
	};
	int s = (int)MUST(socket(AF_UNIX, SOCK_STREAM, 0)), cl, p[2], fds[2] = { 0, 1 };

	(void)dir;
	MUST(bind(s, (struct sockaddr *)&un, sizeof(un)));
	expect(".type == \"bind\" and .args.fd == %d and (.args.addr | contains(\"sock\"))", s);
	MUST(listen(s, 3));
	cl = (int)MUST(socket(AF_UNIX, SOCK_STREAM, 0));
	MUST(connect(cl, (struct sockaddr *)&un, sizeof(un)));
	expect(".type == \"connect\" and .res == 0 and .args.fd == %d and (.args.tuple | "
	       "endswith(\" sock\"))",
	       cl);
	MUST(accept(s, NULL, NULL));
	expect(".type == \"accept\" and .args.sockfd == %d and (.args.tuple | endswith(\" sock\"))",
	       s);
	MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, p));
	expect(".type == \"socketpair\" and .args.fd1 == %d and .args.fd2 == %d", p[0], p[1]);
	memcpy(CMSG_DATA(&c.h), fds, sizeof(fds));
	MUST(sendmsg(p[0], &m, 0));
	expect(".type == \"sendmsg\" and .args.fd == %d and .res == 1", p[0]);
	m.msg_controllen = sizeof(c.b);
	MUST(recvmsg(p[1], &m, 0));
	memcpy(fds, CMSG_DATA(&c.h), sizeof(fds));
	expect(".type == \"recvmsg\" and .args.fd == %d and (.args.scm_fds | tostring | "
	       "contains(\"%d\") and contains(\"%d\"))",
	       p[1], fds[0], fds[1]);
}

static void on_signal(int sig)
{
	(void)sig;
}

static int child_main(void *arg)
{
	(void)arg;
	return 3;
}

static void processes(void)
{
	static char stack[65536];
	struct rlimit l = { 500, 600 };
	int status;
	pid_t pid;

	signal(SIGUSR1, on_signal);
	MUST(kill(getpid(), SIGUSR1));
	expect(".type == \"kill\" and .args.pid == %d and .args.sig == \"SIGUSR1\"", getpid());
	expect(".type == \"signaldeliver\" and .args.spid == %d and .args.dpid == %d and .args.sig "
	       "== \"SIGUSR1\"",
	       getpid(), getpid());
	MUST(prctl(PR_SET_NAME, "renamed", 0, 0, 0));
	expect(".type == \"prctl\" and .args.option == \"PR_SET_NAME\" and .args.arg2_str == "
	       "\"renamed\"");
	expect(".process.name == \"renamed\" and .type == \"getppid\"");
	syscall(SYS_getppid);
	MUST(setrlimit(RLIMIT_NOFILE, &l));
	expect("(.type | IN(\"setrlimit\", \"prlimit\")) and (.args.cur == 500 or .args.newcur == "
	       "500) and (.args.max == 600 or .args.newmax == 600)");
	fflush(stdout);
	pid = (pid_t)MUST(clone(child_main, stack + sizeof(stack), SIGCHLD | CLONE_FILES, NULL));
	expect(".type == \"clone\" and .res == %d and .args.flags == \"CLONE_FILES\" and .args.tid "
	       "== %d and .args.ptid == %d",
	       pid, getpid(), getppid());
	MUST(waitpid(pid, &status, 0));
	expect(".type == \"wait4\" and .res == %d and .args.pid == %d and .args.status == "
	       "\"0x300\"",
	       pid, pid);
	fflush(stdout);
	pid = fork();
	if (!pid) {
		if (setgid(1234) || setuid(1234))
			_exit(1);
		raise(SIGKILL);
	}
	MUST(waitpid(pid, &status, 0));
	if (geteuid() == 0) {
		expect(".type == \"setuid\" and .res == 0 and .args.uid == 1234 and .process.pid "
		       "== %d",
		       pid);
		expect(".type == \"procexit\" and .args.sig == \"SIGKILL\" and .args.status == 9 "
		       "and .process.pid == %d and .process.uid == 1234",
		       pid);
	}
	MUST(unshare(CLONE_FILES));
	expect(".type == \"unshare\" and .args.flags == \"CLONE_FILES\"");
	MUST(sched_yield());
}

int main(int argc, char **argv)
{
	char dir[4096];

	if (argc < 2 || chdir(argv[1]) || !getcwd(dir, sizeof(dir)))
		return 1;
	opens(dir);
	files(dir);
	bytes();
	memory();
	descriptors();
	tcp4();
	tcp6();
	udp();
	unix_sockets(dir);
	processes();
	return errors != 0;
}
