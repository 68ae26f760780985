import { configure } from "@testing-library/react";

// What is waited for comes at once on a quiet machine; beside other checks it may take longer than the second that is usual.
configure({ asyncUtilTimeout: 15_000 });
