/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lang_world - the small machine on which conditions are tried: a login and a container, and what
 * happens there.
 *
 *   1    systemd   root                                 the host
 *   100  sshd      root, child of 1
 *   110  bash      joe (1000), child of 100, a terminal, in /home/joe, PATH=/bin, LANG is empty
 *   120  cat       joe, child of 110, "cat /etc/shadow"
 *   200  nginx     root, child of 1, in the container
 *   210  sh        root, child of 200, "sh -c id", in the container
 *
 * The container is aabbccddeeff, named web, image docker.io/library/nginx:1.25.
 *
 *   cat_shadow   cat opens /etc/shadow for reading: 3
 *   cat_denied   cat fails to open /etc/gshadow (EACCES)
 *   cat_read     cat reads "root:x:0" from 3
 *   bash_null    bash opens /dev/null for writing, with O_CREAT: 5
 *   bash_video   bash opens /dev/video0 by open: 6
 *   bash_setns   bash changes its network namespace through 5
 *   sh_dev       sh creates /dev/.hidden: 6
 *   sh_bin       sh opens /usr/bin/ls for writing: 8
 *   sh_connect   sh connects 172.17.0.2:40000 to 93.184.216.34:443, tcp: 7
 *   sh_write     sh writes "GET /" NUL "bin" to 7
 *   sh_connect6  sh connects 2001:db8::2:5353 to 2001:db8::1:53, udp: 9
 *   sshd_accept  sshd accepts 10.0.0.5:52000 at 192.168.1.10:22: 4
 *   sh_exec      sh runs /usr/bin/wget -q http://x
 *   wget_getpid  wget asks for its process id
 *   cat_exit     cat ends
 */
#ifndef TESTS_LANG_WORLD_H
#define TESTS_LANG_WORLD_H

#include "engine/state/state.h"

#define LANG_EVENTS 15
extern const char *const lang_events[LANG_EVENTS];	/* names, in order */

/*
 * Let it all happen: fn is called for each event, with its number in lang_events, after its state
 * has been applied. begin (may be NULL) is told the batch first.
 */
void lang_world(void (*fn)(void *arg, unsigned event, const struct eng_ctx *ctx),
		void (*begin)(void *arg, const struct fmt_batch *b), void *arg);

#endif
