/** mq_overview(7), include/uapi/linux/mqueue.h. */
export const MQUEUE_MAGIC = 0x19800202;
/** struct mq_attr: flags, maxmsg, msgsize, curmsgs, and four longs to spare. */
export const MQ_ATTR_BYTES = 64;
export const MQ_PRIO_MAX = 32768;
/** /proc/sys/fs/mqueue: msg_max, msgsize_max, queues_max; and the first two when no attributes are given. */
export const MSG_MAX = 10, MSGSIZE_MAX = 8192, QUEUES_MAX = 256;
/** si_code of a notification. */
export const SI_MESGQ = -3;
