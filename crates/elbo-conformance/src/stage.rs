//! Running single calls and whole programs on a backend, every failure a panic that says where.

use std::panic::Location;

use elbo_tensor::{
    Backend, Call, Dtype, EntryId, Id, Memory, Op, Operand, Planning, Program, Run, Session, Shape,
    Tape,
};

use crate::{Values, host::Host};

/// Sentinel in the places of a slot that its value does not take.
const BEYOND: f32 = 1234.5;
/// How many places longer than its value each slot of a stage is.
const MARGIN: usize = 3;

/// A few buffers of a backend, to launch calls on by hand.
pub(crate) struct Stage<B: Backend> {
    pub(crate) backend: B,
    pub(crate) memory: Memory<B::Buffer>,
    pub(crate) operands: Vec<Operand>,
}

impl<B: Backend> Stage<B> {
    /// A buffer for each value, filled with it, and some places more than the value needs.
    pub(crate) fn new(backend: B, values: &[(Shape, Host)]) -> Self {
        let kinds: Vec<_> = values.iter().map(|(shape, host)| (host.dtype(), *shape)).collect();
        let operands = operands(&kinds);
        let buffers = values.iter().map(|(_, host)| {
            let len = host.bits().len() + MARGIN;
            let mut buffer = expect(backend.alloc(host.dtype(), len), "alloc");
            expect(backend.write(&mut buffer, with_margin(host).data()), "write");
            buffer
        });
        let memory = Memory::new(buffers.collect());
        Self { backend, memory, operands }
    }

    /// The call of an op on some of the values.
    pub(crate) fn call(&self, op: Op, args: &[usize], out: usize) -> Call {
        let args = args.iter().map(|i| self.operands[*i]).collect();
        Call { op, args, out: self.operands[out], at: Location::caller() }
    }

    /// Reads a value back; panics if the places behind it were touched. A backend that lays values
    /// out in its own way may refuse to read them.
    pub(crate) fn read(&self, what: &str, position: usize) -> Host {
        let operand = self.operands[position];
        let len = operand.shape.len();
        let buffer = self.memory.get(operand.slot);
        let buffer = buffer.unwrap_or_else(|| panic!("{what}: a buffer was not put back"));
        let mut host = Host::zeros(operand.dtype, len + MARGIN);
        if self.backend.read(buffer, host.data_mut()).is_ok() {
            return without_margin(what, host, len);
        }
        let mut host = Host::zeros(operand.dtype, len);
        expect(self.backend.read(buffer, host.data_mut()), what);
        host
    }
}

impl Stage<crate::Reference> {
    /// A value in double precision.
    pub(crate) fn exact(&self, position: usize) -> Vec<f64> {
        let operand = self.operands[position];
        let len = operand.shape.len();
        match self.memory.get(operand.slot) {
            Some(Values::F32(values)) => values[..len].to_vec(),
            Some(Values::U8(values)) => values[..len].iter().map(|x| f64::from(*x)).collect(),
            Some(Values::U32(values)) => values[..len].iter().map(|x| f64::from(*x)).collect(),
            None => panic!("the reference lost a buffer"),
        }
    }
}

/// Operands for values of these types and shapes, slot after slot: only a program can make slots.
pub(crate) fn operands(kinds: &[(Dtype, Shape)]) -> Vec<Operand> {
    let tape = Tape::new();
    let ids: Vec<Id> = kinds.iter().map(|(dtype, shape)| tape.input(*dtype, *shape).id()).collect();
    let mut program = Program::new(tape).expect("a tape of inputs has no fault");
    let entry = program.entry("slots", &ids, &[]).expect("inputs can be outputs");
    program.planned(entry).outputs().iter().map(|(_, operand)| *operand).collect()
}

fn with_margin(host: &Host) -> Host {
    let mut host = host.clone();
    match &mut host {
        Host::F32(values) => values.extend([BEYOND; MARGIN]),
        Host::U8(values) => values.extend([BEYOND as u8; MARGIN]),
        Host::U32(values) => values.extend([BEYOND as u32; MARGIN]),
    }
    host
}

fn without_margin(what: &str, mut host: Host, len: usize) -> Host {
    let untouched = match &mut host {
        Host::F32(values) => values.split_off(len) == [BEYOND; MARGIN],
        Host::U8(values) => values.split_off(len) == [BEYOND as u8; MARGIN],
        Host::U32(values) => values.split_off(len) == [BEYOND as u32; MARGIN],
    };
    assert!(untouched, "{what}: places behind the {len} of the value were written to");
    host
}

/// The result, or a panic that says what failed and why.
pub(crate) fn expect<T, E: std::fmt::Display>(result: Result<T, E>, what: &str) -> T {
    result.unwrap_or_else(|error| panic!("{what}: {error}"))
}

/// What a test wants of a tape that it has written a formula on.
#[derive(Clone, Debug, Default)]
pub(crate) struct Formula {
    /// Inputs and parameters with what to write to them.
    pub(crate) given: Vec<(Id, Host)>,
    pub(crate) outputs: Vec<Id>,
    pub(crate) updates: Vec<Id>,
}

impl Formula {
    /// The formula as a program of one entry on a backend, everything given written.
    pub(crate) fn start<B: Backend>(
        &self,
        what: &str,
        tape: Tape,
        planning: Planning,
        backend: B,
    ) -> (Session<B>, EntryId) {
        let mut program = expect(Program::with_planning(tape, planning), what);
        let entry = expect(program.entry("tested", &self.outputs, &self.updates), what);
        let mut session = expect(Session::new(backend, program), what);
        for (id, host) in &self.given {
            if session.program().fixed(*id).is_some() {
                expect(session.write(*id, host.data()), what);
            }
        }
        (session, entry)
    }

    /// Everything that a run may have changed or computed: outputs, then what was given.
    pub(crate) fn results<B: Backend>(&self, what: &str, session: &Session<B>) -> Vec<(Id, Host)> {
        let given = self.given.iter().map(|(id, _)| *id);
        let kept = given.filter(|id| session.program().fixed(*id).is_some());
        self.outputs.iter().copied().chain(kept).map(|id| (id, read(what, session, id))).collect()
    }
}

/// Reads a value of a session.
pub(crate) fn read<B: Backend>(what: &str, session: &Session<B>, id: Id) -> Host {
    let node = session.program().graph().node(id);
    let mut host = Host::zeros(node.dtype, node.shape.len());
    expect(session.read(id, host.data_mut()), what);
    host
}
