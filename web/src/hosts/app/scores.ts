// What the server says of a table of scores before it is a case; the same as in underglass.hosts.server.auditing.

export interface TableColumn {
  name: string;
  kind: "number" | "yes or no" | "text";
  distinct: number;
  missing: number;
  values: [string, number][];
  min: number | null;
  max: number | null;
  share: boolean;
}

export interface Look {
  file: string;
  rows: number;
  separator: string | null;
  encoding: string | null;
  notes: string[];
  columns: TableColumn[];
  label: string | null;
  score: string | null;
}

export interface Choice {
  separator: string;
  encoding: string;
  label: string;
  score: string[] | null;
  prediction: string | null;
  positive: string | null;
  threshold: number | null;
  by: string[];
  bins: Record<string, number | number[]>;
  min_size: number;
}

/** What a choice would give; `wrong` says why it gives nothing. */
export interface Preview {
  wrong: string | null;
  task?: "two classes" | "classes" | "numbers";
  classes?: string[];
  positive?: string | null;
  positives?: number | null;
  flagged?: number | null;
  labelled?: number;
  rows?: number;
  notes?: string[];
  groups?: number | null;
  small?: number;
  smallest?: number | null;
  warnings?: string[];
}
