/** Version of this code, stamped into every run; equal to the package's (a test compares). */
export const version = "0.1.0";
