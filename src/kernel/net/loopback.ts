/** The one network interface of a guest, as ioctls, netlink, /proc/net and /sys/class/net show it. */
export const LOOPBACK_NAME = "lo", LOOPBACK_INDEX = 1, LOOPBACK_MTU = 65536, LOOPBACK_QUEUE_LENGTH = 1000;
