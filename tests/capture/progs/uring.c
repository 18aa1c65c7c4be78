// SPDX-License-Identifier: Apache-2.0
/*
 * uring DIR: file operations by io_uring alone, without their system calls; prints the jq
 * conditions that the events must satisfy. Exits with 77 where io_uring is not to be had.
 */
#include <fcntl.h>
#include <linux/io_uring.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static int ring;
static struct io_uring_params params;
static char *sq, *cq;
static struct io_uring_sqe *sqes;

static int setup(void)
{
	size_t n;

	ring = (int)syscall(SYS_io_uring_setup, 8, &params);
	if (ring < 0)
		return -1;
	n = params.sq_off.array + params.sq_entries * sizeof(unsigned);
	sq = mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, ring,
		  IORING_OFF_SQ_RING);
	n = params.cq_off.cqes + params.cq_entries * sizeof(struct io_uring_cqe);
	cq = mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, ring,
		  IORING_OFF_CQ_RING);
	n = params.sq_entries * sizeof(struct io_uring_sqe);
	sqes = mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, ring,
		    IORING_OFF_SQES);
	return sq == MAP_FAILED || cq == MAP_FAILED || sqes == MAP_FAILED ? -1 : 0;
}

/* Submit one operation and wait for its result. */
static int do_op(const struct io_uring_sqe *e)
{
	unsigned *tail = (unsigned *)(sq + params.sq_off.tail),
		 *array = (unsigned *)(sq + params.sq_off.array);
	unsigned *head = (unsigned *)(cq + params.cq_off.head),
		 mask = *(unsigned *)(sq + params.sq_off.ring_mask);
	struct io_uring_cqe *cqes = (struct io_uring_cqe *)(cq + params.cq_off.cqes);
	int res;

	sqes[*tail & mask] = *e;
	array[*tail & mask] = *tail & mask;
	__atomic_store_n(tail, *tail + 1, __ATOMIC_RELEASE);
	if (syscall(SYS_io_uring_enter, ring, 1, 1, IORING_ENTER_GETEVENTS, NULL, 0) != 1)
		exit(1);
	res = cqes[*head & *(unsigned *)(cq + params.cq_off.ring_mask)].res;
	__atomic_store_n(head, *head + 1, __ATOMIC_RELEASE);
	return res;
}

int main(int argc, char **argv)
{
	char dir[4096], buf[16];
	struct stat st;
	int fd, res;

	if (argc < 2 || chdir(argv[1]) || !getcwd(dir, sizeof(dir)) || symlink("file", "link"))
		return 1;
	if (setup())
		return 77;
	fd = do_op(&(struct io_uring_sqe){ .opcode = IORING_OP_OPENAT,
					   .fd = AT_FDCWD,
					   .addr = (unsigned long)"link",
					   .open_flags = O_RDWR | O_CREAT,
					   .len = 0600,
					   .user_data = 7 });
	if (fd < 0 || fstat(fd, &st))
		return 1;
	printf(".type == \"uring_openat\" and .res == %d and .args.name == \"link\" and .args.path "
	       "== \"%s/file\" and "
	       ".args.ino == %llu and .args.mode == \"0600\" and .args.fd == -100 and "
	       ".args.user_data == \"0x7\" and "
	       "(.args.flags | contains(\"O_F_CREATED\") and contains(\"O_RDWR\"))\n",
	       fd, dir, (unsigned long long)st.st_ino);
	res = do_op(&(struct io_uring_sqe){ .opcode = IORING_OP_WRITE,
					    .fd = fd,
					    .addr = (unsigned long)"hello",
					    .len = 5,
					    .off = 100 });
	printf(".type == \"uring_write\" and .res == %d and .args.fd == %d and .args.len == 5 and "
	       ".args.off == 100 and "
	       ".fd.name == \"%s/file\"\n",
	       res, fd, dir);
	res = do_op(&(struct io_uring_sqe){ .opcode = IORING_OP_READ,
					    .fd = fd,
					    .addr = (unsigned long)buf,
					    .len = 9,
					    .off = 103 });
	printf(".type == \"uring_read\" and .res == %d and .res == 2 and .args.fd == %d and "
	       ".args.len == 9\n",
	       res, fd);
	res = do_op(&(struct io_uring_sqe){ .opcode = IORING_OP_RENAMEAT,
					    .fd = AT_FDCWD,
					    .addr = (unsigned long)"file",
					    .len = (unsigned)AT_FDCWD,
					    .addr2 = (unsigned long)"moved" });
	printf(".type == \"uring_renameat\" and .res == %d and .args.oldpath == \"file\" and "
	       ".args.newpath == \"moved\" and "
	       ".args.newdirfd == -100\n",
	       res);
	res = do_op(&(struct io_uring_sqe){
		.opcode = IORING_OP_UNLINKAT, .fd = AT_FDCWD, .addr = (unsigned long)"moved" });
	printf(".type == \"uring_unlinkat\" and .res == %d and .res == 0 and .args.name == "
	       "\"moved\"\n",
	       res);
	res = do_op(&(struct io_uring_sqe){
		.opcode = IORING_OP_OPENAT, .fd = AT_FDCWD, .addr = (unsigned long)"nowhere/x" });
	printf(".type == \"uring_openat\" and .res == %d and .error == \"ENOENT\" and .args.name "
	       "== \"nowhere/x\"\n",
	       res);
	res = do_op(&(struct io_uring_sqe){ .opcode = IORING_OP_CLOSE, .fd = fd });
	printf(".type == \"uring_close\" and .res == %d and .args.fd == %d\n", res, fd);
	return 0;
}
