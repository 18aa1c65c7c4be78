# SPDX-License-Identifier: Apache-2.0
# A web server whose page hands its query to a shell. It is stopped when the intruder is done.
mkdir -p /www/cgi-bin
printf '#!/bin/sh\necho\n/bin/sh -c "$(/bin/httpd -d "$QUERY_STRING")"\n' >/www/cgi-bin/ping
chmod 755 /www/cgi-bin/ping
/bin/httpd -p 8080 -h /www
while ! test -e /tmp/done; do sleep 0.1; done
killall httpd
