use super::model::*; use super::problem::Problem; pub fn check(_c:&Case,_f:&Fixtures,_p:&mut Vec<Problem>){}
