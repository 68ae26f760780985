import { useQuery } from "@tanstack/react-query";
import { queries, type SessionView } from "@/api/queries";

export type Permission = SessionView["user"]["permissions"][number];

/** Who is signed in and where; undefined only on the login page. */
export function useSession(): SessionView | undefined {
  return useQuery({ ...queries.session(), enabled: false }).data;
}

/** The workspace's time zone: all times of the console are shown in it. */
export function useZone(): string | undefined {
  return useSession()?.workspace.time_zone;
}

export function useMay(permission: Permission): boolean {
  return useSession()?.user.permissions.includes(permission) ?? false;
}
