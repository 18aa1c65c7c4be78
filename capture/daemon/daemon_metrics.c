// SPDX-License-Identifier: Apache-2.0
/* What Prometheus is shown of the recorder itself: looked at only when it asks. */
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

#include "capture/daemon/daemon_internal.h"
#include "format/base/refusal.h"

static const char *const lanes[CAP_N_LANES] = {
	[LANE_BULK] = "bulk", [LANE_KEY] = "key", [LANE_LIFE] = "life"
};

uint64_t cap_daemon__processor_ns(void)
{
	struct rusage u;

	getrusage(RUSAGE_SELF, &u);
	return (uint64_t)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1000000000u +
	       (uint64_t)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) * 1000u;
}

/* statm in proc(5): pages; the second number is of those in memory. */
static uint64_t resident_bytes(void)
{
	FILE *f = fopen("/proc/self/statm", "re");
	unsigned long long size, resident = 0;

	if (f && fscanf(f, "%llu %llu", &size, &resident) != 2)
		resident = 0;
	if (f)
		fclose(f);
	return resident * (uint64_t)sysconf(_SC_PAGESIZE);
}

/* The ring in memory is not mapped, so it is not resident; the kernel's buffers are. */
struct cap_daemon_memory cap_daemon__memory(struct cap_daemon *d)
{
	struct cap_ring_stats s;
	uint64_t resident = resident_bytes();

	cap_ring__stats(d->ring, &s);
	return (struct cap_daemon_memory){ .process = resident > d->buffer_resident ? resident - d->buffer_resident : 0,
					   .buffers = d->buffer_bytes,
					   .ring = d->conf.ring.directory ? 0 : s.bytes };
}

static void set(struct cap_daemon *d, enum cap_metric_kind kind, const char *name, const char *help, uint64_t v)
{
	cap_metric__set(cap_metrics__plain(d->metrics, kind, name, help), (int64_t)v);
}

static void set_recorder(struct cap_daemon *d)
{
	struct cap_recorder_stats s;
	uint64_t other;

	if (!cap_daemon__recorded(d, &s))
		return;
	set(d, CAP_GAUGE_NS, "spoor_longest_pause_seconds",
	    "Longest time that the recording thread has left the kernel's buffers alone.", s.longest_pause_ns);
	set(d, CAP_GAUGE_NS, "spoor_longest_round_seconds",
	    "Longest processor time that the recording thread has taken without a pause.", d->longest_round);
	set(d, CAP_COUNTER, "spoor_refused_calls_total", "System calls that were refused to a thread of the recorder: a fault of ours.",
	    refusal__n());
	set(d, CAP_COUNTER, "spoor_late_events_total", "Events that came behind younger ones.", s.late.n);
	set(d, CAP_COUNTER, "spoor_events_total", "Events that were recorded.", s.events);
	other = s.lost;
	for (unsigned l = 0; l < CAP_N_LANES; l++) {
		struct cap_metric *m = cap_metrics__labelled(d->metrics, CAP_COUNTER, "spoor_lost_events_total",
							     "Events that were lost, by lane of the buffers.",
							     "lane", lanes[l]);

		cap_metric__set(m, (int64_t)s.lost_by_lane[l]);
		other -= s.lost_by_lane[l] < other ? s.lost_by_lane[l] : other;
	}
	cap_metric__set(cap_metrics__labelled(d->metrics, CAP_COUNTER, "spoor_lost_events_total",
					      "Events that were lost, by lane of the buffers.", "lane", "other"),
			(int64_t)other);
}

static void set_ring(struct cap_daemon *d)
{
	struct cap_ring_stats s;

	cap_ring__stats(d->ring, &s);
	set(d, CAP_GAUGE, "spoor_ring_bytes", "Bytes of the past that are kept.", s.bytes);
	set(d, CAP_GAUGE, "spoor_ring_max_bytes", "Bytes that may be kept.", s.max_bytes);
	set(d, CAP_GAUGE, "spoor_ring_segments", "Segments of the ring.", s.segments);
	set(d, CAP_GAUGE_NS, "spoor_ring_span_seconds", "How far the past that is kept goes back.",
	    s.t_newest - s.t_oldest);
	set(d, CAP_COUNTER, "spoor_ring_lost_events_total", "Events that could not be written to the ring.",
	    s.lost_events);
	set(d, CAP_COUNTER, "spoor_ring_overruns_total", "Times that what was still to be read was evicted.", s.overruns);
}

static void count_triggers(struct cap_daemon *d, const char *result, uint64_t n)
{
	cap_metric__set(cap_metrics__labelled(d->metrics, CAP_COUNTER, "spoor_triggers_total",
					      "Triggers, by what became of them.", "result", result),
			(int64_t)n);
}

static void set_files(struct cap_daemon *d)
{
	struct cap_keep_stats s;

	if (!d->keep)
		return;
	cap_keep__stats(d->keep, &s);
	count_triggers(d, "extended", s.extended);
	count_triggers(d, "refused_rate", s.refused_rate);
	count_triggers(d, "refused_busy", s.refused_busy);
	count_triggers(d, "refused_space", s.refused_space);
	count_triggers(d, "file",
		       s.triggers - s.extended - s.refused_rate - s.refused_busy - s.refused_space);
	set(d, CAP_COUNTER, "spoor_files_complete_total", "Files that were completed.", s.complete);
	set(d, CAP_COUNTER, "spoor_files_short_total", "Of these, files that had to end early.", s.short_ended);
	set(d, CAP_COUNTER, "spoor_files_failed_total", "Files that could not be completed.", s.failed);
	set(d, CAP_COUNTER, "spoor_files_deleted_total", "Files deleted to keep the limits.", s.deleted_files);
	set(d, CAP_COUNTER, "spoor_files_lost_events_total", "Events evicted before they could be copied.",
	    s.lost_events);
	set(d, CAP_GAUGE, "spoor_files_open", "Files that are being written.", s.open);
	set(d, CAP_GAUGE, "spoor_files_waiting", "Triggers that wait for their file.", s.waiting);
	set(d, CAP_GAUGE, "spoor_files", "Files in the folder.", s.files);
	set(d, CAP_GAUGE, "spoor_files_bytes", "Their bytes.", s.file_bytes);
	set(d, CAP_GAUGE_NS, "spoor_files_slowest_seconds",
	    "Longest time from the end of what a file holds to the complete file.", s.slowest_ns);
}

static void set_audit(struct cap_daemon *d)
{
	struct cap_audit_log_counts log;
	struct cap_audit_counts q;

	if (!d->audited)
		return;
	cap_audit_queue__counts(d->audit, &q);
	set(d, CAP_COUNTER, "spoor_audit_entries_total", "Entries of the Kubernetes audit log that were taken.", q.entries);
	set(d, CAP_COUNTER, "spoor_audit_recorded_total", "Of these, entries that were recorded.", q.taken);
	set(d, CAP_COUNTER, "spoor_audit_faulty_total", "What was sent or read and is no entry.", q.faulty);
	set(d, CAP_COUNTER, "spoor_audit_refused_total", "Times that there was no room: it is tried again.", q.refused);
	cap_audit_log__counts(d->audit_log, &log);
	set(d, CAP_COUNTER, "spoor_audit_log_lines_total", "Lines that were read of the log.", log.lines);
	set(d, CAP_COUNTER, "spoor_audit_log_faulty_total", "Lines that were left out.", log.faulty);
	set(d, CAP_COUNTER, "spoor_audit_log_restarts_total", "Times that the log was truncated or replaced.", log.restarts);
}

static void set_memory(struct cap_daemon *d)
{
	const struct cap_daemon_memory m = cap_daemon__memory(d);
	const struct { const char *part; uint64_t bytes; } parts[] = {
		{ "process", m.process }, { "buffers", m.buffers }, { "ring", m.ring }
	};

	for (unsigned i = 0; i < 3; i++)
		cap_metric__set(cap_metrics__labelled(d->metrics, CAP_GAUGE, "spoor_memory_bytes",
						      "Memory that the recorder takes, by part, each byte once.", "part",
						      parts[i].part),
				(int64_t)parts[i].bytes);
	set(d, CAP_GAUGE, "process_resident_memory_bytes", "Resident memory, the kernel's buffers in it, the ring not.",
	    resident_bytes());
}

static void show(void *arg)
{
	struct cap_daemon *d = arg;
	struct cap_priority p;

	set_recorder(d);
	set_ring(d);
	set_files(d);
	set_audit(d);
	set(d, CAP_COUNTER, "spoor_triggers_dropped_total", "Triggers of rounds that had too many.", d->too_many);
	cap_priority__of(getpid(), &p);
	set(d, CAP_GAUGE, "spoor_realtime_priority", "Of the recording thread; 0: none.", (uint64_t)p.realtime);
	set(d, CAP_GAUGE, "spoor_rules", "Rules that are loaded.", d->n_rules);
	set(d, CAP_COUNTER_NS, "process_cpu_seconds_total", "Processor time of the recorder.",
	    cap_daemon__processor_ns());
	set_memory(d);
}

void cap_daemon__show_metrics(struct cap_daemon *d)
{
	cap_metrics__on_show(d->metrics, show, d);
}
