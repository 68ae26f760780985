import { FileTextOutlined, InboxOutlined } from "@ant-design/icons";
import { Spin } from "antd";
import { type DragEvent, useRef, useState } from "react";
import "./drop.css";

interface Props {
  /** What to drop here; of a chosen file its name and size. */
  words: string;
  /** Which files are taken, in words, and as their endings. */
  formats: string;
  accept: string;
  chosen: boolean;
  busy?: boolean;
  /** The button is PREFIX-drop in tests, the file's field PREFIX-file. */
  testPrefix: string;
  onFile: (file: File) => void;
}

/** A place to drop a file on; it is chosen by click or by keyboard as well. */
export function Drop({ words, formats, accept, chosen, busy = false, testPrefix, onFile }: Props) {
  const input = useRef<HTMLInputElement>(null);
  const [over, setOver] = useState(false);
  const drop = (event: DragEvent): void => {
    event.preventDefault();
    setOver(false);
    const [dropped] = event.dataTransfer.files;
    if (dropped !== undefined) onFile(dropped);
  };
  return (
    <>
      <button
        type="button"
        className="op-drop"
        data-over={over}
        disabled={busy}
        onClick={() => input.current?.click()}
        onDragOver={(event) => {
          event.preventDefault();
          setOver(true);
        }}
        onDragLeave={() => setOver(false)}
        onDrop={drop}
        data-testid={`${testPrefix}-drop`}
      >
        {busy ? <Spin size="small" /> : chosen ? <FileTextOutlined aria-hidden /> : <InboxOutlined aria-hidden />}
        <span>{words}</span>
        <small>{formats}</small>
      </button>
      <input
        ref={input}
        type="file"
        hidden
        accept={accept}
        onChange={(event) => {
          const [file] = event.target.files ?? [];
          if (file !== undefined) onFile(file);
          event.target.value = "";
        }}
        data-testid={`${testPrefix}-file`}
      />
    </>
  );
}
