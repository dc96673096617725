/** Constants and layouts of netlink and rtnetlink (include/uapi/linux/{netlink,rtnetlink,if_link,if_addr}.h). */

export const NETLINK_ROUTE = 0, NETLINK_KOBJECT_UEVENT = 15;

/** struct nlmsghdr: length u32, type u16, flags u16, sequence u32, port u32. */
export const NLMSGHDR_BYTES = 16;
/** struct sockaddr_nl: family u16, nothing u16, port u32, groups u32. */
export const SOCKADDR_NL_BYTES = 12;
export const NLM_F_REQUEST = 0x1, NLM_F_MULTI = 0x2, NLM_F_ACK = 0x4, NLM_F_DUMP = 0x300;
export const NLMSG_ERROR = 2, NLMSG_DONE = 3, NLMSG_MIN_TYPE = 16;

export const SOL_NETLINK = 270;
export const NETLINK_ADD_MEMBERSHIP = 1, NETLINK_DROP_MEMBERSHIP = 2, NETLINK_PKTINFO = 3;
export const NETLINK_BROADCAST_ERROR = 4, NETLINK_NO_ENOBUFS = 5, NETLINK_LISTEN_ALL_NSID = 8;
export const NETLINK_CAP_ACK = 10, NETLINK_EXT_ACK = 11, NETLINK_GET_STRICT_CHK = 12;

export const RTM_BASE = 16, RTM_MAX = 123;
export const RTM_NEWLINK = 16, RTM_GETLINK = 18, RTM_NEWADDR = 20, RTM_GETADDR = 22, RTM_NEWROUTE = 24;
export const RTM_GETROUTE = 26, RTM_GETNEIGH = 30;
/** The low two bits of a type say what it does; this is GET. */
export const RTM_KIND_MASK = 3, RTM_KIND_GET = 2;

export const IFINFOMSG_BYTES = 16, IFADDRMSG_BYTES = 8, RTMSG_BYTES = 12;
export const IFLA_ADDRESS = 1, IFLA_BROADCAST = 2, IFLA_IFNAME = 3, IFLA_MTU = 4, IFLA_QDISC = 6, IFLA_STATS = 7;
export const IFLA_TXQLEN = 13, IFLA_OPERSTATE = 16, IFLA_LINKMODE = 17, IFLA_STATS64 = 23, IFLA_GROUP = 27;
export const IFLA_PROMISCUITY = 30, IFLA_NUM_TX_QUEUES = 31, IFLA_NUM_RX_QUEUES = 32, IFLA_CARRIER = 33;
export const IFLA_ALT_IFNAME = 53;
/** struct rtnl_link_stats and rtnl_link_stats64. */
export const LINK_STATS_BYTES = 96, LINK_STATS64_BYTES = 200;

export const IFA_ADDRESS = 1, IFA_LOCAL = 2, IFA_LABEL = 3, IFA_BROADCAST = 4, IFA_CACHEINFO = 6, IFA_FLAGS = 8;
export const IFA_F_PERMANENT = 0x80;
export const RTA_DST = 1, RTA_OIF = 4, RTA_PREFSRC = 7, RTA_TABLE = 15;
export const RT_TABLE_MAIN = 254,
  RT_TABLE_LOCAL = 255,
  RTPROT_KERNEL = 2,
  RTN_UNICAST = 1,
  RTN_LOCAL = 2,
  RTN_BROADCAST = 3;
export const RT_SCOPE_UNIVERSE = 0, RT_SCOPE_LINK = 253, RT_SCOPE_HOST = 254;
